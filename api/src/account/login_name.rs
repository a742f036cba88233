//! Login names from the names of people: 「张小明」 becomes `zhangxiaoming`, the second one `zhangxiaoming2`.

use crate::kernel::{door::unscoped, error::Result};
use entity::account;
use pinyin::ToPinyin;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, QueryFilter, QuerySelect, sea_query::ExprTrait};
use std::collections::{HashMap, HashSet};

/// The longest without its number.
const LONGEST: usize = 32;
/// The shortest.
const SHORTEST: usize = 3;
/// Conditions of one group.
const GROUP: usize = 20;
/// Names that are asked for together.
const CHUNK: usize = 200;

/// The login name of a person, before it is made one of its own.
pub(super) fn base(name: &str) -> String {
    let mut base = String::new();
    for letter in name.chars() {
        match letter.to_pinyin() {
            Some(sound) => base.extend(sound.plain().chars().map(ascii)),
            None => base.extend(Some(letter.to_ascii_lowercase()).filter(char::is_ascii_alphanumeric)),
        }
    }
    base.retain(|letter| letter.is_ascii_alphanumeric());
    base.truncate(LONGEST);
    // The number that follows must not run into one that is part of the name.
    if base.ends_with(|last: char| last.is_ascii_digit()) {
        base.push('.');
    }
    if base.len() < SHORTEST { format!("user.{base}").trim_end_matches('.').to_owned() } else { base }
}

/// As keyboards have it: 「吕」 is `lv`.
fn ascii(letter: char) -> char {
    if letter == 'ü' { 'v' } else { letter }
}

/// Login names that are in use.
#[derive(Debug, Default)]
pub(super) struct Names {
    used: HashSet<String>,
    next: HashMap<String, u32>,
}

impl Names {
    /// Reads which of these are in use, themselves or with a number.
    pub(super) async fn learn(
        &mut self,
        db: &impl ConnectionTrait,
        bases: impl Iterator<Item = String>,
    ) -> Result<()> {
        use account::Column::Name;
        let mut bases: Vec<String> = bases.collect();
        bases.sort_unstable();
        bases.dedup();
        for some in bases.chunks(CHUNK) {
            // The sign after the nine ends the names that go on with a digit.
            // In groups: a chain of conditions is nested as deeply as it is long, for whoever builds it and whoever reads it.
            let like = some.chunks(GROUP).map(|few| {
                few.iter().fold(Condition::any(), |any, base| {
                    let numbered = Name.gte(format!("{base}0")).and(Name.lt(format!("{base}:")));
                    any.add(Name.eq(base.as_str())).add(numbered)
                })
            });
            let found: Vec<String> = unscoped::<account::Entity>()
                .select_only()
                .column(Name)
                .filter(like.fold(Condition::any(), Condition::add))
                .into_tuple()
                .all(db)
                .await?;
            self.used.extend(found);
        }
        Ok(())
    }

    /// A name that nobody has.
    pub(super) fn take(&mut self, base: String) -> String {
        if self.used.insert(base.clone()) {
            return base;
        }
        let next = self.next.entry(base.clone()).or_insert(2);
        loop {
            let name = format!("{base}{next}");
            *next += 1;
            if self.used.insert(name.clone()) {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_name_is_spelt_as_the_name_sounds() {
        assert_eq!(base("张小明"), "zhangxiaoming");
        assert_eq!(base("吕绿"), "lvlv");
        assert_eq!(base("买买提·艾力"), "maimaitiaili");
        assert_eq!(base("李"), "user.li");
        assert_eq!(base("·"), "user");
        assert_eq!(base("Anna Li"), "annali");
        assert_eq!(base("张三2"), "zhangsan2.");
        assert!(base(&"张".repeat(40)).len() <= LONGEST + 1);
    }

    #[test]
    fn two_of_a_name_are_told_apart_by_a_number() {
        let mut names = Names::default();
        names.used.insert("zhangwei2".to_owned());
        let taken = [(); 3].map(|()| names.take("zhangwei".to_owned()));
        assert_eq!(taken, ["zhangwei", "zhangwei3", "zhangwei4"]);
    }
}
