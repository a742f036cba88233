//! How much of a record is seen: a set of its parts. What is seen by several bonds is all that any of them shows.

use std::ops::BitOr;

/// A part of what is held on a household or an enterprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// That it is there: number and status.
    Row,
    /// Address and name: what a dispatcher needs.
    Names,
    /// Ordinary tags, last visit, counts, days.
    Internal,
    /// Members, birth dates, housing, employment, needs, where it stands; telephone numbers masked.
    Personal,
    /// Telephone numbers.
    Phone,
}

impl Part {
    /// Every part, in the order of the printed table.
    pub const ALL: [Self; 5] = [Self::Row, Self::Names, Self::Internal, Self::Personal, Self::Phone];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// How much of a record is seen: the mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sight(u8);

impl Sight {
    /// Nothing: it answers as if it did not exist.
    pub const HIDDEN: Self = Self(0);
    /// Number, address and head: what a dispatcher needs.
    pub const DESK: Self = Self::of(&[Part::Row, Part::Names]);
    /// All of the internal class, nothing personal.
    pub const PLAIN: Self = Self::of(&[Part::Row, Part::Internal]);
    /// All of the internal and personal class, telephone numbers masked.
    pub const SERVED: Self = Self::of(&[Part::Row, Part::Names, Part::Internal, Part::Personal]);
    /// The same with telephone numbers: current contacts, the grid worker, the household itself.
    pub const CLOSE: Self = Self::of(&[Part::Row, Part::Names, Part::Internal, Part::Personal, Part::Phone]);

    /// Who it is and how to call: what a handler needs while the task is open.
    pub const HANDLER: Self = Self::of(&[Part::Row, Part::Names, Part::Phone]);
    /// What is one's own of the work of others: no notes from one office to another.
    pub const OWN: Self = Self::of(&[Part::Row, Part::Names, Part::Personal]);

    const fn of(parts: &[Part]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < parts.len() {
            bits |= parts[at].bit();
            at += 1;
        }
        Self(bits)
    }

    /// Whether it shows this part.
    #[must_use]
    pub const fn shows(self, part: Part) -> bool {
        self.0 & part.bit() != 0
    }

    /// Whether it shows anything at all.
    #[must_use]
    pub const fn is_hidden(self) -> bool {
        self.0 == 0
    }

    /// The names in a table of fields that it hides. A field without a part is hidden from everyone.
    #[must_use]
    pub fn hides(self, fields: &[(&'static str, Option<Part>)]) -> Vec<&'static str> {
        let hidden = |part: &Option<Part>| part.is_none_or(|part| !self.shows(part));
        fields.iter().filter(|(_, part)| hidden(part)).map(|(name, _)| *name).collect()
    }
}

impl BitOr for Sight {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
