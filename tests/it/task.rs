//! Tasks: from a demand to strike-off, by everybody who has a hand in it.

mod act;
mod cast;
mod scene;
mod files;
mod offer;
mod outside;
mod sheet;
mod story;
mod table;
mod told;
mod turn;
mod two;
mod at_once;
mod chance;
mod killed;
mod count;

#[test]
fn the_diagram_that_is_published_is_the_table_that_decides() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-schema/task-flow.md");
    let published = std::fs::read_to_string(path).expect("client-schema/task-flow.md");
    let holds = lianhu::task::flow::print(&lianhu::kernel::policy::Policy::default());
    assert!(published == holds, "run `cargo run -- flow > client-schema/task-flow.md`");
}
