//! Files that are sent in: whole, in pieces, broken off and resumed; and who may, how much, how long.

mod sender;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Duration;
use entity::{id::UploadId, kind::UploadPurpose};
use futures_util::future::join_all;
use lianhu::{
    account,
    kernel::error::{Error, Locale, RefusalCode},
    upload::{self, upkeep::Cleared},
};
use lianhu_tests::{World, key};
use reqwest::Method;
use sender::{OCTETS, Sender, bytes, header, status};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

const HELLO: &[u8] = b"hello world";

fn id(path: &str) -> UploadId {
    let (_, id) = entity::id::read(path.rsplit('/').next().expect("an id")).expect("an id");
    UploadId(id)
}

async fn code(response: reqwest::Response) -> String {
    let body: Value = response.json().await.expect("JSON");
    body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_file_that_is_sent_whole_is_complete() {
    let world = World::demo().await;
    let sender = Sender::new(&world, "town-admin").await;
    let made = sender.create(json!({"fileName": "纳章镇 花名册.xlsx", "mediaType": "text/csv"})).await;
    let upload = &made["upload"];
    assert_eq!(upload["fileName"], "纳章镇 花名册.xlsx", "{made}");
    assert_eq!(
        (&upload["received"], &upload["complete"], &upload["version"]),
        (&json!(0), &json!(false), &json!(1))
    );
    let path = upload["url"].as_str().expect("a path");
    assert_eq!(path, format!("/uploads/{}", upload["id"].as_str().expect("an id")));
    let answer = sender.send(path, 0, HELLO).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "upload-offset").as_str()), (204, "11"));
    assert_eq!(header(&answer, "tus-resumable"), "1.0.0");
    assert_eq!(sender.kept(path), HELLO);
    let upload = sender.upload(path).await;
    assert_eq!(
        (&upload["received"], &upload["complete"], &upload["version"]),
        (&json!(11), &json!(true), &json!(2))
    );
    let head = sender.head(path).await;
    assert_eq!(
        (header(&head, "upload-offset"), header(&head, "upload-length")),
        ("11".to_owned(), "11".to_owned())
    );
    let list = sender.actor.get("{ uploads(where: { complete: true }) { totalCount nodes { url } } open: uploads(where: { complete: false }) { totalCount } }").await;
    assert_eq!((&list["uploads"]["totalCount"], &list["open"]["totalCount"]), (&json!(1), &json!(0)));
    assert_eq!(list["uploads"]["nodes"][0]["url"], path);
}

#[tokio::test]
async fn a_file_is_announced_by_its_headers_and_sent_in_pieces() {
    let world = World::demo().await;
    let sender = Sender::new(&world, "county-admin").await;
    let name = STANDARD.encode("板桥镇 2026 名册（终稿）.csv");
    let metadata = format!("filename {name},filetype {},purpose Uk9TVEVS,other", STANDARD.encode("text/csv"));
    let create = || {
        let request = sender.request(Method::POST, "/uploads").header("upload-length", 30);
        request.header("upload-metadata", &metadata)
    };
    let made = create().send().await.expect("an answer");
    assert_eq!(made.status(), 201);
    let path = header(&made, "location");
    assert!(header(&made, "upload-expires").ends_with(" GMT"), "{made:?}");
    let whole = bytes(30);
    for from in [0, 10, 20] {
        assert_eq!(sender.offset(&path).await, from);
        assert_eq!(sender.send(&path, from, &whole[from..from + 10]).await.status(), 204);
    }
    assert_eq!(sender.kept(&path), whole);
    let upload = sender.upload(&path).await;
    assert_eq!(upload["fileName"], "板桥镇 2026 名册（终稿）.csv");
    assert_eq!((&upload["mediaType"], &upload["complete"]), (&json!("text/csv"), &json!(true)));
    let told = header(&sender.head(&path).await, "upload-metadata");
    assert!(told.contains(&format!("filename {name}")) && told.contains("purpose Uk9TVEVS"), "{told}");
    let key = key();
    let twice = join_all((0..2).map(|_| create().header("idempotency-key", &key).send())).await;
    let places: Vec<_> =
        twice.iter().map(|made| header(made.as_ref().expect("an answer"), "location")).collect();
    assert_eq!(places[0], places[1], "one key, one upload");
    assert_ne!(places[0], path);
}

#[tokio::test]
async fn a_long_piece_is_counted_on_its_way() {
    let world = World::demo().await;
    let sender = Sender::new(&world, "town-admin").await;
    let whole = bytes(20 * 1024 * 1024 + 7);
    let path = sender.announce(whole.len()).await;
    assert_eq!(sender.send(&path, 0, whole.clone()).await.status(), 204);
    assert_eq!(sender.upload(&path).await["version"], 4);
    assert!(sender.kept(&path) == whole, "it is what was sent");
}

#[tokio::test]
async fn what_had_arrived_when_a_connection_broke_is_kept_and_the_rest_follows() {
    let world = World::demo().await;
    let sender = Sender::new(&world, "town-admin").await;
    let whole = bytes(100_000);
    let path = sender.announce(whole.len()).await;
    drop(sender.begin(&path, whole.len(), &whole[..40_000]).await);
    sender.until(&path, 40_000).await;
    assert_eq!(sender.send(&path, 40_000, &whole[40_000..]).await.status(), 204);
    assert!(sender.kept(&path) == whole, "it is what was sent");
}

#[tokio::test]
async fn a_silent_sender_is_sent_away_and_what_had_arrived_is_kept() {
    let world = World::with(|config| config.http.body_timeout = std::time::Duration::from_millis(200)).await;
    let sender = Sender::new(&world, "town-admin").await;
    let path = sender.announce(11).await;
    let mut stream = sender.begin(&path, 11, &HELLO[..5]).await;
    assert_eq!(status(&mut stream).await, "408");
    assert_eq!(sender.offset(&path).await, 5);
}

#[tokio::test]
async fn a_slow_sender_may_take_longer_than_any_limit() {
    let world = World::with(|config| {
        config.http.body_timeout = std::time::Duration::from_secs(2);
        config.http.header_timeout = std::time::Duration::from_secs(1);
        config.http.idle_timeout = std::time::Duration::from_secs(1);
    })
    .await;
    let sender = Sender::new(&world, "town-admin").await;
    let path = sender.announce(11).await;
    let mut stream = sender.begin(&path, 11, b"").await;
    for byte in HELLO {
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        stream.write_all(&[*byte]).await.expect("it is still there");
    }
    assert_eq!(status(&mut stream).await, "204");
    assert_eq!(sender.kept(&path), HELLO);
}

#[tokio::test]
async fn of_two_pieces_at_once_one_is_taken() {
    let world = World::demo().await;
    let sender = Sender::new(&world, "town-admin").await;
    let whole = bytes(9 * 1024 * 1024);
    let path = sender.announce(whole.len()).await;
    let (most, rest) = whole.split_at(whole.len() - 11);
    let mut first = sender.begin(&path, whole.len(), most).await;
    // A part of it counts already, so that it is under way.
    while sender.offset(&path).await == 0 {
        tokio::task::yield_now().await;
    }
    let second = sender.send(&path, sender.offset(&path).await, HELLO).await;
    assert_eq!(second.status(), 423);
    assert_eq!(code(second).await, "CONFLICT");
    first.write_all(rest).await.expect("the first goes on");
    assert_eq!(status(&mut first).await, "204");
    assert!(sender.kept(&path) == whole, "it is what was sent");
    let path = sender.announce(11).await;
    let many = join_all((b'a'..b'i').map(|letter| sender.send(&path, 0, vec![letter; 11]))).await;
    let mut found: Vec<_> = many.iter().map(|answer| answer.status().as_u16()).collect();
    found.sort_unstable();
    assert_eq!(found[0], 204);
    assert!(found[1..].iter().all(|status| [409, 423].contains(status)), "{found:?}");
    let kept = sender.kept(&path);
    assert!(kept.len() == 11 && kept.iter().all(|byte| *byte == kept[0]), "one of them, unmixed: {kept:?}");
}

#[tokio::test]
async fn a_piece_that_does_not_fit_is_refused_and_changes_nothing() {
    let world = World::demo().await;
    let sender = Sender::new(&world, "town-admin").await;
    let path = sender.announce(11).await;
    assert_eq!(sender.send(&path, 0, &HELLO[..5]).await.status(), 204);
    let wrong = sender.send(&path, 3, &HELLO[3..]).await;
    assert_eq!((wrong.status().as_u16(), header(&wrong, "upload-offset").as_str()), (409, "5"));
    assert_eq!(code(wrong).await, "CONFLICT");
    assert_eq!(sender.send(&path, 5, &b" world!"[..]).await.status(), 413);
    let json = sender.request(Method::PATCH, &path).header("upload-offset", 5);
    let json = json.header("content-type", "application/json").body("x");
    let parts = [
        (sender.request(Method::PATCH, &path).header("upload-offset", 5).body("x"), 415),
        (json, 415),
        (sender.request(Method::PATCH, &path).header("content-type", OCTETS).body("x"), 400),
        (sender.bare(Method::PATCH, &path).bearer_auth(sender.token()).body("x"), 412),
        (sender.bare(Method::HEAD, &path).bearer_auth(sender.token()).header("tus-resumable", "0.2.2"), 412),
        (sender.bare(Method::HEAD, &path).header("tus-resumable", "1.0.0"), 401),
        (sender.request(Method::GET, &path), 405),
        (sender.request(Method::PUT, "/uploads"), 405),
        (sender.request(Method::POST, "/uploads"), 400),
        (sender.request(Method::POST, "/uploads").header("upload-length", 300_000_000), 413),
        (
            sender
                .request(Method::POST, "/uploads")
                .header("upload-length", 5)
                .header("upload-metadata", "purpose ?"),
            400,
        ),
        (
            sender
                .request(Method::POST, "/uploads")
                .header("upload-length", 5)
                .header("upload-metadata", "purpose Uk9TVEVS"),
            400,
        ),
    ];
    for (number, (request, status)) in parts.into_iter().enumerate() {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{number}");
        assert_eq!(header(&answer, "tus-resumable"), "1.0.0");
        assert_eq!(header(&answer, "tus-version"), if status == 412 { "1.0.0" } else { "" });
    }
    assert_eq!((sender.offset(&path).await, sender.kept(&path)), (5, HELLO[..5].to_vec()));
    let over = sender.bare(Method::POST, &path).header("x-http-method-override", "PATCH");
    let over =
        over.bearer_auth(sender.token()).header("tus-resumable", "1.0.0").header("content-type", OCTETS);
    let over = over.header("upload-offset", 5).body(&HELLO[5..]).send().await.expect("an answer");
    assert_eq!((over.status().as_u16(), sender.kept(&path)), (204, HELLO.to_vec()));
}

#[tokio::test]
async fn a_piece_must_come_to_its_checksum() {
    let world = World::demo().await;
    let sender = Sender::new(&world, "town-admin").await;
    let (one, other) =
        ("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=");
    for right in [one, other] {
        let path = sender.announce(11).await;
        for (checksum, bytes, status) in [
            (right, &b"dlrow olleh"[..], 460),
            ("md5 xx", HELLO, 400),
            ("sha1", HELLO, 400),
            (right, HELLO, 204),
        ] {
            let answer = sender.piece(&path, 0, bytes).header("upload-checksum", checksum).send().await;
            assert_eq!(answer.expect("an answer").status(), status, "{checksum}");
            let kept = if status == 204 { 11 } else { 0 };
            assert_eq!(sender.offset(&path).await, kept);
        }
        assert_eq!(sender.kept(&path), HELLO);
    }
}

#[tokio::test]
async fn an_upload_of_somebody_else_is_not_there() {
    let world = World::demo().await;
    let (sender, other) =
        (Sender::new(&world, "town-admin").await, Sender::new(&world, "county-admin").await);
    let path = sender.announce(11).await;
    let nowhere = format!("/uploads/{}", UploadId(uuid::Uuid::now_v7()));
    for method in [Method::HEAD, Method::DELETE, Method::PATCH] {
        let mut answers = Vec::new();
        for place in [path.as_str(), nowhere.as_str(), "/uploads/household_01jd3k", "/uploads/x"] {
            let request = other.request(method.clone(), place).header("content-type", OCTETS);
            let answer =
                request.header("upload-offset", 0).header("x-request-id", "same").body("x").send().await;
            let answer = answer.expect("an answer");
            assert_eq!(answer.status(), 404, "{method} {place}");
            answers.push(answer.text().await.expect("a text"));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    let mine = sender.upload(&path).await;
    assert_eq!(other.upload(&path).await, Value::Null);
    let refused = other.delete(&mine["id"], &mine["version"]).await;
    assert_eq!((&refused["uploadId"], &refused["errors"][0]["code"]), (&Value::Null, &json!("NOT_FOUND")));
    assert_eq!(other.actor.get("{ uploads { totalCount } }").await["uploads"]["totalCount"], 0);
    assert_eq!(world.anyone().get("{ uploads { totalCount } }").await["uploads"]["totalCount"], 0);
    assert_eq!(sender.offset(&path).await, 0);
}

#[tokio::test]
async fn an_upload_past_its_time_is_gone_and_cleared_away_with_files_that_belong_to_none() {
    let world = World::demo().await;
    let clear = || upload::upkeep::clear(&world.state.db, &world.state.keep, world.state.clock.now());
    assert_eq!(clear().await.expect("nothing is there"), Cleared::default());
    let sender = Sender::new(&world, "town-admin").await;
    let old = sender.announce(11).await;
    assert_eq!(sender.send(&old, 0, &HELLO[..5]).await.status(), 204);
    world.state.clock.shift(Duration::hours(23));
    let sender = Sender::new(&world, "town-admin").await;
    let young = sender.announce(11).await;
    assert_eq!(sender.send(&young, 0, &HELLO[..5]).await.status(), 204);
    assert_eq!(sender.offset(&old).await, 5);
    let lost = sender.file(&format!("/{}", UploadId(uuid::Uuid::now_v7())));
    std::fs::write(&lost, "of nobody").expect("a file");
    let strange = lost.with_file_name("notes.txt");
    std::fs::write(&strange, "of another hand").expect("a file");
    world.state.clock.shift(Duration::hours(2));
    let sender = Sender::new(&world, "town-admin").await;
    assert_eq!(sender.head(&old).await.status(), 404);
    assert_eq!(sender.send(&old, 5, &HELLO[5..]).await.status(), 404);
    assert_eq!(clear().await.expect("it clears"), Cleared { expired: 1, lost: 1 });
    assert_eq!(sender.upload(&old).await, Value::Null);
    assert!(!sender.file(&old).exists() && !lost.exists() && strange.exists());
    assert_eq!(sender.send(&young, 5, &HELLO[5..]).await.status(), 204);
    assert_eq!(sender.kept(&young), HELLO);
    assert_eq!(clear().await.expect("nothing is left to do"), Cleared::default());
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart_and_forgets_what_was_not_counted() {
    let world = World::demo().await;
    let sender = Sender::new(&world, "town-admin").await;
    let path = sender.announce(11).await;
    assert_eq!(sender.send(&path, 0, &HELLO[..5]).await.status(), 204);
    let ground = world.stop().await;
    // As a crash between the disk and the table would leave it.
    std::fs::write(sender.file(&path), b"hello there, and more than was announced").expect("a file");
    let world = World::over(ground, |_| ()).await;
    let sender = Sender::new(&world, "town-admin").await;
    assert_eq!(sender.offset(&path).await, 5);
    assert_eq!(sender.send(&path, 5, &HELLO[5..8]).await.status(), 204);
    assert_eq!(sender.kept(&path), &HELLO[..8]);
    assert_eq!(sender.send(&path, 8, &HELLO[8..]).await.status(), 204);
    assert_eq!(sender.kept(&path), HELLO);
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_told_and_taken_up_again_when_it_does() {
    let world = World::demo().await;
    let sender = Sender::new(&world, "town-admin").await;
    let path = sender.announce(11).await;
    let store = world.ground.store();
    std::fs::write(&store, "in the way").expect("a file");
    let refused = sender.send(&path, 0, HELLO).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(code(refused).await, "STORAGE");
    assert_eq!(sender.offset(&path).await, 0);
    std::fs::remove_file(&store).expect("it goes");
    assert_eq!(sender.send(&path, 0, HELLO).await.status(), 204);
}

#[tokio::test]
async fn who_may_send_what_and_how_much_is_told() {
    let world = World::with(|config| config.store.max_upload_bytes = 1000).await;
    let leader = Sender::new(&world, "leader").await;
    let refused = leader.create(json!({})).await;
    assert_eq!(refused["errors"][0]["code"], "FORBIDDEN");
    assert_eq!(refused["errors"][0]["requires"], json!(["REGION_ADMIN"]));
    let posted = leader.request(Method::POST, "/uploads").header("upload-length", 5);
    let posted = posted.header("upload-metadata", "filename eA==,purpose Uk9TVEVS").send().await;
    assert_eq!(posted.expect("an answer").status(), 403);
    let sender = Sender::new(&world, "town-admin").await;
    for (input, path, rule) in [
        (json!({"length": 0}), "length", "length"),
        (json!({"length": 1001}), "length", "length"),
        (json!({"fileName": " "}), "fileName", "required"),
        (json!({"fileName": "名".repeat(201)}), "fileName", "length"),
        (json!({"fileName": "../x.csv"}), "fileName", "file-name"),
        (json!({"fileName": "a\u{0}b"}), "fileName", "file-name"),
        (json!({"mediaType": "csv"}), "mediaType", "media-type"),
    ] {
        let refused = sender.create(input.clone()).await;
        let error = &refused["errors"][0];
        assert_eq!((&error["code"], &error["path"]), (&json!("INVALID"), &json!(["input", path])), "{input}");
        assert_eq!(error["rule"], rule, "{input}");
    }
    let first = sender.create(json!({"fileName": "名".repeat(200), "length": 1000})).await;
    assert_eq!(first["errors"], json!([]));
    let again = sender.create(json!({"id": first["upload"]["id"]})).await;
    assert_eq!(again["errors"][0]["code"], "DUPLICATE");
    for _ in 0..3 {
        sender.announce(1000).await;
    }
    let full = sender.create(json!({"length": 1})).await;
    assert_eq!(full["errors"][0]["code"], "LIMIT", "four thousand bytes are announced: {full}");
    let first = &first["upload"];
    let stale = sender.delete(&first["id"], &json!(7)).await;
    assert_eq!(stale["errors"][0]["code"], "CONFLICT");
    let gone = sender.delete(&first["id"], &first["version"]).await;
    assert_eq!((&gone["uploadId"], &gone["errors"]), (&first["id"], &json!([])));
    for _ in 0..17 {
        sender.announce(1).await;
    }
    let many = sender.create(json!({"length": 1})).await;
    assert_eq!(many["errors"][0]["code"], "LIMIT", "twenty are open: {many}");
    let posted = sender.request(Method::POST, "/uploads").header("upload-length", 5);
    let posted = posted.header("upload-metadata", "filename eA==,purpose Uk9TVEVS").send().await;
    assert_eq!(posted.expect("an answer").status(), 429);
}

#[tokio::test]
async fn an_upload_is_taken_away_with_its_file() {
    let world = World::demo().await;
    let sender = Sender::new(&world, "town-admin").await;
    for way in ["tus", "graphql"] {
        let path = sender.announce(11).await;
        assert_eq!(sender.send(&path, 0, &HELLO[..5]).await.status(), 204);
        if way == "tus" {
            let gone = sender.request(Method::DELETE, &path).send().await.expect("an answer");
            assert_eq!(gone.status(), 204);
        } else {
            let upload = sender.upload(&path).await;
            let gone = sender.delete(&upload["id"], &upload["version"]).await;
            assert_eq!(gone["errors"], json!([]), "{gone}");
        }
        assert_eq!(sender.head(&path).await.status(), 404);
        assert_eq!(sender.send(&path, 5, &HELLO[5..]).await.status(), 404);
        assert_eq!(sender.upload(&path).await, Value::Null);
        assert!(!sender.file(&path).exists());
    }
}

#[tokio::test]
async fn a_room_takes_up_whole_files_of_the_viewer_alone() {
    let world = World::demo().await;
    let (sender, other) =
        (Sender::new(&world, "town-admin").await, Sender::new(&world, "county-admin").await);
    let path = sender.announce(11).await;
    let take = async |who: &Sender| {
        let ctx = account::enter(
            &world.state,
            &account::Pass::Bearer(who.token().to_owned()),
            None,
            Locale::En,
            "tests",
        )
        .await
        .expect("signed in");
        upload::complete(&ctx, id(&path), UploadPurpose::Roster).await
    };
    let refusal = |taken: Result<_, Error>| match taken {
        Err(Error::Refused(refusals)) => refusals[0].code,
        _ => panic!("it is refused"),
    };
    assert_eq!(refusal(take(&sender).await), RefusalCode::State);
    assert_eq!(sender.send(&path, 0, HELLO).await.status(), 204);
    let (row, file) = take(&sender).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!((row.length, std::fs::read(file).expect("a file").as_slice()), (11, HELLO));
    assert_eq!(refusal(take(&other).await), RefusalCode::NotFound);
    world.state.clock.shift(Duration::hours(25));
    let sender = Sender::new(&world, "town-admin").await;
    assert_eq!(refusal(take(&sender).await), RefusalCode::NotFound);
}

#[tokio::test]
async fn what_can_be_done_is_told_to_whoever_asks_and_to_pages_of_other_origins() {
    for origins in [vec![], vec!["https://desk.example.gov.cn".to_owned()]] {
        let world = World::with(|config| config.http.cors_origins.clone_from(&origins)).await;
        let sender = Sender::new(&world, "town-admin").await;
        let path = sender.announce(11).await;
        for place in ["/uploads", &path] {
            let asked = sender.bare(Method::OPTIONS, place).send().await.expect("an answer");
            assert!(asked.status().is_success());
            assert_eq!(header(&asked, "tus-version"), "1.0.0");
            assert_eq!(header(&asked, "tus-max-size"), "268435456");
            assert_eq!(header(&asked, "tus-extension"), "creation,termination,expiration,checksum");
            assert_eq!(header(&asked, "tus-checksum-algorithm"), "sha1,sha256");
        }
        let Some(origin) = origins.first() else { continue };
        let before = sender.bare(Method::OPTIONS, &path).header("origin", origin);
        let before = before.header("access-control-request-method", "PATCH").send().await.expect("an answer");
        for method in ["PATCH", "HEAD", "DELETE"] {
            assert!(header(&before, "access-control-allow-methods").contains(method));
        }
        for name in ["tus-resumable", "upload-length", "upload-offset", "upload-metadata", "upload-checksum"]
        {
            assert!(header(&before, "access-control-allow-headers").contains(name), "{name}");
        }
        let head = sender.request(Method::HEAD, &path).header("origin", origin).send().await;
        let shown = header(&head.expect("an answer"), "access-control-expose-headers");
        assert!(
            ["upload-offset", "location", "upload-expires"].iter().all(|name| shown.contains(name)),
            "{shown}"
        );
    }
}
