//! Workbooks of `LibreOffice`: what went out is opened and saved there and comes in unchanged, and what is written there
//! comes in. For the long run: `LibreOffice` takes its time, and has to be installed.

use super::{
    Place, counts,
    round::{lines, take},
    sound, two_households,
};
use lianhu::{
    kernel::sheet::Hand,
    roster::{self, Kind, Options},
};
use lianhu_tests::{World, ground};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Opens a file in `LibreOffice` and saves it in another format, in a folder of its own.
fn saved_by_libreoffice(file: &Path, filter: &str) -> PathBuf {
    let folder = file.parent().expect("a folder").join("saved");
    // Text is read as UTF-8, parted by commas, each of 14 columns as text: long numbers stay whole.
    let columns: Vec<_> = (1..=14).map(|column| format!("{column}/2")).collect();
    let read = format!("--infilter=CSV:44,34,76,1,{}", columns.join("/"));
    let profile = format!("-env:UserInstallation=file://{}", file.with_extension("profile").display());
    let done = Command::new("soffice")
        .args([&profile, "--headless", &read, "--convert-to", filter, "--outdir"])
        .arg(&folder)
        .arg(file)
        .output()
        .expect("soffice runs");
    let ending = filter.split(':').next().unwrap_or(filter);
    let saved = folder.join(file.with_extension(ending).file_name().expect("a name"));
    assert!(saved.exists(), "{}", String::from_utf8_lossy(&done.stderr));
    saved
}

#[tokio::test]
async fn what_goes_out_is_saved_by_libreoffice_with_its_headings_and_comes_in_unchanged() {
    if !ground::long() {
        return;
    }
    let world = World::demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let before = lines(&world).await;
    for &kind in Kind::ALL {
        let path = folder.path().join(format!("{}.xlsx", kind.name()));
        let done = roster::export(&Hand::Operator, &world.state.db, kind, "530304101", &path, &|_| ()).await;
        let count = done.expect("a sheet");
        assert!(count > 0, "{kind:?}");
        // Text of UTF-8, parted by commas.
        let text = saved_by_libreoffice(&path, "csv:Text - txt - csv (StarCalc):44,34,76");
        let text = std::fs::read_to_string(text).expect("text");
        let headings = text.lines().next().unwrap_or_default();
        assert!(headings.contains("系统编号") && headings.split(',').count() > 5, "{kind:?}: {headings}");
        let saved = saved_by_libreoffice(&path, "xlsx");
        let report = take(&world, &Hand::Operator, &saved).await;
        sound(&report);
        assert_eq!(counts(&report), [0, 0, count, 0], "{kind:?}");
    }
    assert_eq!(lines(&world).await, before, "no line of the log");
}

#[tokio::test]
async fn a_workbook_that_libreoffice_wrote_comes_in() {
    if !ground::long() {
        return;
    }
    let place = Place::new().await;
    std::fs::write(place.file("户.csv"), two_households()).expect("a file");
    let saved = saved_by_libreoffice(&place.file("户.csv"), "xlsx");
    std::fs::rename(saved, place.file("户.xlsx")).expect("moved");
    for wanted in [[2, 0, 0, 0], [0, 0, 2, 0]] {
        let report =
            place.take_file(&Hand::Operator, "户.xlsx", Options::default()).await.expect("it is read");
        sound(&report);
        assert_eq!(counts(&report), wanted);
    }
}
