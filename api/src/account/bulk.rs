//! Accounts for cadres by the dozen (批量开通账号): one for each who is in office and has none, with a login name from the
//! sounds of the name and a random first password. Passwords are hashed before anything is stored.

use super::{
    admin,
    login_name::{Names, base},
    made::{New, first_password},
    password::Passwords,
    reach::assigned,
};
use crate::{
    cadre::roster::level_word,
    kernel::{
        bulk,
        door::{any_of, unscoped},
        error::{Error, Result},
        place::Place,
        policy::May,
        record::By,
        request::Ctx,
        scope::Facts,
        sheet::{Column, Form, write::Writer},
        work::Work,
    },
    region::lookup::{held_by, named, subtrees},
};
use entity::{
    account, cadre,
    id::{CadreId, RegionId},
    kind::CadreLevel,
    position, region,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::LockType,
};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
    time::Duration,
};

/// Accounts that one request makes.
pub const MOST: usize = 200;
/// Cadres that are looked at for them: some may be beyond the rights of who asks.
const LOOKED_AT: u64 = 1_000;
/// Passwords of one request that are hashed at once: the pool is there for those who sign in, too.
pub(super) const AT_ONCE: usize = 2;
/// How long a request hashes: the rest is left for the next one.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The sheet of first passwords.
const FORM: Form = Form {
    sheet: "账号",
    aliases: &[],
    columns: &[
        Column::new("姓名"),
        Column::new("职务").wide(36),
        Column::new("登录名").wide(22),
        Column::new("初始密码").wide(20),
    ],
};

/// For whom.
#[derive(Clone, Debug)]
pub enum Whom {
    /// The cadres of the offices of a region.
    Region(Box<region::Model>),
    /// These.
    Cadres(Vec<CadreId>),
}

impl Whom {
    async fn condition(&self, db: &impl ConnectionTrait) -> Result<Condition> {
        match self {
            Self::Cadres(ids) => {
                let ids = ids.iter().copied();
                Ok(Condition::all().add(any_of(cadre::Column::Id, ids, db.get_database_backend())))
            }
            Self::Region(region) => {
                let held = subtrees(db, region).await?.into_iter().filter_map(held_by::<cadre::Entity>);
                // A region without any office holds nobody.
                let none = Condition::any().add(cadre::Column::Id.is_in(std::iter::empty::<CadreId>()));
                Ok(held.fold(none, Condition::add))
            }
        }
    }
}

/// Those for whom there is something to do.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Those who may be given an account, in the order of their offices.
    pub cadres: Vec<cadre::Model>,
    /// Those who answer for something beyond the rights of who asks.
    pub beyond: usize,
}

/// Who is in office, holds a post, and has no account.
async fn waiting(ctx: &Ctx, db: &impl ConnectionTrait, whom: &Whom) -> Result<Condition> {
    use cadre::Column::{EndsOn, Id, Level, StartsOn};
    let with_account = unscoped::<account::Entity>()
        .select_only()
        .column(account::Column::CadreId)
        .filter(account::Column::CadreId.is_not_null())
        .into_query();
    Ok(Condition::all()
        .add(whom.condition(db).await?)
        .add(StartsOn.lte(ctx.today()))
        .add(Condition::any().add(EndsOn.is_null()).add(EndsOn.gt(ctx.today())))
        .add(Level.ne(CadreLevel::PartyMember))
        .add(Id.not_in_subquery(with_account)))
}

/// How many are waiting in all.
pub async fn count(ctx: &Ctx, whom: &Whom) -> Result<u64> {
    use sea_orm::PaginatorTrait;
    let db = ctx.db().read();
    let all = ctx.throughout::<cadre::Entity>().filter(waiting(ctx, db, whom).await?);
    Ok(all.count(db).await?)
}

/// Those who are waiting, of whom at the most so many are looked at; held still inside a transaction.
pub async fn look(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    whom: &Whom,
    most: Option<u64>,
    held: bool,
) -> Result<Waiting> {
    let mut rows = ctx
        .throughout::<cadre::Entity>()
        .filter(waiting(ctx, db, whom).await?)
        .order_by_asc(cadre::Column::RegionId)
        .order_by_asc(cadre::Column::Id)
        .limit(most);
    if held {
        rows = rows.lock(LockType::NoKeyUpdate);
    }
    let cadres = rows.all(db).await?;
    let ids = cadres.iter().map(|cadre| cadre.id);
    let mut beyond: HashSet<CadreId> = assigned(db, ctx.backend(), ids, ctx.today())
        .await?
        .into_iter()
        .filter(|one| !ctx.may(May::ManageAccount, &one.reach.facts()))
        .map(|one| one.cadre_id)
        .collect();
    let offices =
        cadres.iter().filter(|cadre| !ctx.may(May::ManageAccount, &Facts::from(Place::from(*cadre))));
    beyond.extend(offices.map(|cadre| cadre.id));
    let all = cadres.len();
    let cadres: Vec<_> = cadres.into_iter().filter(|cadre| !beyond.contains(&cadre.id)).collect();
    Ok(Waiting { beyond: all - cadres.len(), cadres })
}

/// The first ones of those who are waiting, as many as one request may make.
pub(super) async fn first(ctx: &Ctx, whom: &Whom) -> Result<Waiting> {
    let mut waiting = look(ctx, ctx.db().read(), whom, Some(LOOKED_AT), false).await?;
    waiting.cadres.truncate(MOST);
    Ok(waiting)
}

/// First passwords by the cadres whom they are for.
pub type Secrets = HashMap<CadreId, Secret>;

/// A first password with its hash.
#[derive(Clone)]
pub struct Secret {
    password: String,
    hash: String,
}

async fn secret(passwords: &Passwords, of: CadreId, done: &(dyn Fn() + Sync)) -> Result<(CadreId, Secret)> {
    let password = first_password()?;
    let hash = passwords.hash(password.clone()).await?;
    done();
    Ok((of, Secret { password, hash }))
}

/// A first password for each of these cadres, hashed on the pool; for as many as there is time for.
pub async fn secrets(
    passwords: &Passwords,
    cadres: &[cadre::Model],
    at_once: usize,
    patience: Option<Duration>,
    done: &(dyn Fn() + Sync),
) -> Result<Secrets> {
    let made: Vec<_> = cadres.iter().map(|cadre| secret(passwords, cadre.id, done)).collect();
    let made = stream::iter(made).buffer_unordered(at_once);
    match patience {
        Some(patience) => made.take_until(tokio::time::sleep(patience)).try_collect().await,
        None => made.try_collect().await,
    }
}

/// One line of the sheet.
#[derive(Clone)]
pub struct Login {
    cadre: cadre::Model,
    name: String,
    password: String,
}

/// Makes the accounts of those who still wait for one, each with its line in the change log.
pub async fn open_all(work: &Work, secrets: &Secrets) -> Result<Vec<Login>> {
    let ctx = &work.ctx;
    let mut ids: Vec<CadreId> = secrets.keys().copied().collect();
    ids.sort_unstable();
    let Waiting { cadres, .. } = look(ctx, &work.tx, &Whom::Cadres(ids), None, true).await?;
    let mut names = Names::default();
    names.learn(&work.tx, cadres.iter().map(|cadre| base(&cadre.name))).await?;
    let mut logins = Vec::with_capacity(cadres.len());
    let mut rows = Vec::with_capacity(cadres.len());
    for cadre in cadres {
        let Some(Secret { password, hash }) = secrets.get(&cadre.id).cloned() else { continue };
        let name = names.take(base(&cadre.name));
        let new = New {
            id: None,
            name: name.clone(),
            password_hash: hash,
            cadre_id: Some(cadre.id),
            region: Some((cadre.region_id, Place::from(&cadre))),
        };
        rows.push(new.row(work.now()));
        logins.push(Login { cadre, name, password });
    }
    let actor = ctx.viewer().map(|viewer| viewer.account);
    let by = By { now: work.now(), actor, request_id: ctx.request_id() };
    bulk::create::<account::Entity>(&work.tx, rows, by).await.map_err(admin::taken)?;
    Ok(logins)
}

/// Writes the sheet of first passwords.
pub async fn write(
    db: &impl ConnectionTrait,
    path: &Path,
    logins: &[Login],
    today: entity::scalar::Date,
) -> Result<()> {
    let offices = named(db, logins.iter().map(|login| login.cadre.region_id)).await?;
    let titles = titles(db, logins, today).await?;
    let duty = |cadre: &cadre::Model| {
        let office = offices.get(&cadre.region_id).map_or("", |office| office.name.as_str());
        let title = titles.get(&cadre.id).map_or_else(|| level_word(cadre.level), String::as_str);
        format!("{office}{title}")
    };
    let mut writer = Writer::open(path, FORM);
    for some in logins.chunks(500) {
        let rows = some.iter().map(|Login { cadre, name, password }| {
            vec![cadre.name.clone(), duty(cadre), name.clone(), password.clone()]
        });
        writer.rows(rows.collect()).await?;
    }
    writer.finish().await
}

/// The titles of the posts that they hold.
async fn titles(
    db: &impl ConnectionTrait,
    logins: &[Login],
    today: entity::scalar::Date,
) -> Result<HashMap<CadreId, String>> {
    use crate::kernel::door::live;
    use position::Column::{CadreId as Cadre, EndsOn, Id, StartsOn, Title};
    let mut titles: HashMap<CadreId, String> = HashMap::new();
    for some in logins.chunks(1_000) {
        let ids = some.iter().map(|login| login.cadre.id);
        let rows: Vec<(CadreId, String)> = unscoped::<position::Entity>()
            .select_only()
            .columns([Cadre, Title])
            .filter(any_of(Cadre, ids, db.get_database_backend()))
            .filter(live(StartsOn, EndsOn, today))
            .order_by_asc(StartsOn)
            .order_by_asc(Id)
            .into_tuple()
            .all(db)
            .await?;
        for (cadre, title) in rows {
            let all = titles.entry(cadre).or_default();
            if !all.is_empty() {
                all.push('、');
            }
            all.push_str(&title);
        }
    }
    Ok(titles)
}

/// The sheet as a file in memory.
pub(super) async fn sheet(work: &Work, logins: &[Login]) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().map_err(Error::internal)?;
    let path = folder.path().join("accounts.xlsx");
    write(&work.tx, &path, logins, work.ctx.today()).await?;
    tokio::fs::read(&path).await.map_err(Error::internal)
}

/// What a sheet of accounts is called.
pub(super) fn file_name(region: Option<&region::Model>) -> String {
    region.map_or_else(|| "账号.xlsx".to_owned(), |region| format!("{}账号.xlsx", region.name))
}

/// The region that somebody may make accounts in.
pub(super) async fn region(ctx: &Ctx, id: RegionId) -> Result<region::Model> {
    let region = crate::region::of(ctx.db().read(), id, "regionId").await?;
    ctx.must(May::ManageAccount, &Facts::from(Place::from(&region)))?;
    Ok(region)
}
