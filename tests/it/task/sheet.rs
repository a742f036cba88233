//! The ledger as a spreadsheet: what an office opens in Excel.

use super::act::{Town, step};
use calamine::{Reader, Xlsx};
use lianhu_tests::{Actor, World};
use serde_json::{Value, json};
use std::io::Cursor;

const COLUMNS: [&str; 14] = [
    "序号",
    "编号",
    "诉求人",
    "内容",
    "类别",
    "紧急程度",
    "责任领导",
    "责任部门",
    "措施",
    "时限",
    "进展",
    "办结时间",
    "满意度",
    "销号时间",
];

/// The path of a sheet of what a condition takes.
fn path(ending: &str, filter: &Value) -> String {
    format!("/tasks/ledger.{ending}?where={}", lianhu_tests::encoded(&filter.to_string()))
}

/// The lines of a sheet as a spreadsheet program reads them, the headings first.
pub(super) async fn lines(actor: &Actor, ending: &str, filter: &Value) -> Vec<Vec<String>> {
    let answer = actor.fetch(&path(ending, filter), &[]).await;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let bytes = answer.bytes().await.expect("a body").to_vec();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    let named = headers["content-disposition"].to_str().expect("a name");
    assert!(
        named.starts_with("attachment; filename*=UTF-8''%E5%8F%B0") && named.ends_with(ending),
        "{named}"
    );
    assert_eq!(headers["cache-control"], "no-store");
    if ending == "csv" {
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).expect("the mark by which Excel knows it");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
        let records = reader.records().map(|record| record.expect("a line"));
        return records.map(|record| record.iter().map(str::to_owned).collect()).collect();
    }
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).expect("a workbook");
    let range = book.worksheet_range("台账").expect("the sheet");
    range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

fn cell<'a>(line: &'a [String], column: &str) -> &'a str {
    let at = COLUMNS.iter().position(|name| *name == column).expect("a column");
    line.get(at).map_or("", String::as_str)
}

#[tokio::test]
async fn the_desk_opens_the_ledger_in_a_spreadsheet_with_the_columns_of_the_office() {
    let world = World::demo().await;
    let dispatcher = world.actor("dispatcher").await;
    let all = dispatcher.get("{ tasks(first: 1) { totalCount } }").await["tasks"]["totalCount"].clone();
    let book = lines(&dispatcher, "xlsx", &json!({})).await;
    assert_eq!(book[0], COLUMNS);
    assert_eq!(json!(book.len() - 1), all, "every task that the desk sees");
    assert!(book.len() > 20, "a season's work: {}", book.len());
    for (at, line) in book.iter().enumerate().skip(1) {
        assert_eq!(cell(line, "序号"), at.to_string());
        for column in ["编号", "诉求人", "内容", "类别", "紧急程度", "时限", "进展"] {
            assert!(!cell(line, column).is_empty(), "{column}: {line:?}");
        }
        assert!(
            !line.iter().any(|text| text.chars().any(|c| c.is_ascii_uppercase())),
            "words of offices: {line:?}"
        );
    }
    assert!(book[1..].is_sorted_by_key(|line| cell(line, "编号").to_owned()), "by number");
    for column in ["责任领导", "责任部门", "措施", "办结时间", "满意度", "销号时间"] {
        assert!(book[1..].iter().any(|line| !cell(line, column).is_empty()), "{column} of none");
    }
    // The other form holds the same.
    assert_eq!(lines(&dispatcher, "csv", &json!({})).await, book);

    // It is narrowed by what lists are narrowed by.
    let closed = lines(&dispatcher, "csv", &json!({"state": {"eq": "CLOSED"}})).await;
    assert!(closed.len() > 1 && closed.len() < book.len());
    assert!(
        closed[1..]
            .iter()
            .all(|line| !cell(line, "销号时间").is_empty() && cell(line, "进展").starts_with("销号"))
    );
}

#[tokio::test]
async fn the_spreadsheet_tells_of_a_task_what_its_ledger_tells() {
    let town = Town::open().await;
    let demand = town.demanded("RED", "=厨房水管漏水").await;
    let made = town.accepted(&demand).await;
    let only = json!({"number": {"eq": made["number"]}});
    let sent = step(&town.dispatcher, "taskDispatch", &made, town.to_water()).await;
    let claimed = step(&town.water, "taskClaim", &sent, json!({})).await;
    let told = step(&town.water, "taskProgress", &claimed, json!({"note": "已关阀，待换管。"})).await;
    let line = lines(&town.dispatcher, "xlsx", &only).await[1].clone();
    let head = town.resident.get("{ households { nodes { headName } } }").await["households"]["nodes"][0]["headName"].clone();
    assert_eq!(cell(&line, "诉求人"), head);
    assert_eq!(cell(&line, "内容"), "=厨房水管漏水", "a text, never a formula");
    assert_eq!(lines(&town.dispatcher, "csv", &only).await[1][3], "'=厨房水管漏水", "nor in the other form");
    assert_eq!(cell(&line, "紧急程度"), "红 特急");
    assert_eq!(cell(&line, "责任领导"), sent["leader"]["name"]);
    assert_eq!(cell(&line, "责任部门"), sent["leadDepartment"]["name"]);
    assert_eq!(cell(&line, "措施"), "现场查看水管；更换老化管段");
    let due =
        chrono::DateTime::parse_from_rfc3339(told["dueAt"].as_str().expect("a moment")).expect("a moment");
    let civil = (due.naive_utc() + chrono::Duration::hours(8)).format("%Y-%m-%d %H:%M").to_string();
    assert_eq!(cell(&line, "时限"), civil, "civil time");
    let progress = cell(&line, "进展");
    assert!(progress.starts_with("办理中；") && progress.ends_with("：已关阀，待换管。"), "{progress}");
    assert_eq!((cell(&line, "办结时间"), cell(&line, "满意度"), cell(&line, "销号时间")), ("", "", ""));

    // Who asked for it opens the same, and reads nothing of what offices write to each other.
    let own = lines(&town.resident, "xlsx", &only).await[1].clone();
    assert_eq!((cell(&own, "编号"), cell(&own, "内容")), (cell(&line, "编号"), "=厨房水管漏水"));
    assert_eq!(cell(&own, "措施"), "");
    assert!(!cell(&own, "进展").contains("关阀"), "{own:?}");
    // Another's task is in nobody's sheet but theirs who answer for it.
    assert_eq!(
        lines(&town.world.actor("enterprise").await, "csv", &only).await.len(),
        1,
        "the headings alone"
    );

    // What left is in the access log before anybody has it.
    let log = "{ accessLog(where: { action: { eq: EXPORT } }) { nodes { purpose fields lookerName } } }";
    let log = town.world.actor("county-admin").await.get(log).await["accessLog"]["nodes"].clone();
    let log = log.as_array().expect("lines");
    let line = log.iter().find(|line| line["fields"].to_string().contains("Demand.content"));
    let line = line.unwrap_or_else(|| panic!("no line of the demands: {log:?}"));
    assert!(line["purpose"].as_str().is_some_and(|purpose| purpose.starts_with("台账 ")), "{line}");
}

#[tokio::test]
async fn a_sheet_that_cannot_be_had_says_why() {
    let world = World::demo().await;
    let dispatcher = world.actor("dispatcher").await;
    let status = async |actor: &Actor, path: &str| {
        let answer = actor.fetch(path, &[]).await;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        (status, body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let wrong = |status: u16, code: &str| (status, code.to_owned());
    let nobody = world.anyone();
    assert_eq!(status(&nobody, "/tasks/ledger.xlsx").await, wrong(401, "UNAUTHENTICATED"));
    assert_eq!(status(&nobody.bearing("nonsense"), "/tasks/ledger.csv").await, wrong(401, "UNAUTHENTICATED"));
    assert_eq!(status(&dispatcher, "/tasks/ledger.pdf").await, wrong(404, "NOT_FOUND"));
    assert_eq!(status(&dispatcher, "/tasks/ledger.csv?where=open").await, wrong(400, "BAD_USER_INPUT"));
    let unknown = path("csv", &json!({"color": "RED"}));
    assert_eq!(status(&dispatcher, &unknown).await, wrong(400, "BAD_USER_INPUT"));
}
