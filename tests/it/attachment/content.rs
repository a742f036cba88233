//! What may be attached, and what is left of a picture.

use super::{BLUE, PDF, RED, add, attach, bytes, home, jpeg, picture, stored, visit};
use image::{ImageFormat, Rgb};
use lianhu_tests::World;
use serde_json::json;

/// A phone's photo: lying on its side, with where it was taken, and something behind its end.
fn photo() -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        let mut entry = Vec::new();
        entry.extend(tag.to_le_bytes());
        entry.extend(kind.to_le_bytes());
        entry.extend(count.to_le_bytes());
        entry.extend(value.to_le_bytes());
        entry
    };
    // Two entries: turned by a quarter, and where the position stands.
    tiff.extend(2_u16.to_le_bytes());
    tiff.extend(entry(0x0112, 3, 1, 6));
    tiff.extend(entry(0x8825, 4, 1, 38));
    tiff.extend(0_u32.to_le_bytes());
    // The position: its datum as a text.
    tiff.extend(1_u16.to_le_bytes());
    tiff.extend(entry(0x0012, 2, 16, 56));
    tiff.extend(0_u32.to_le_bytes());
    tiff.extend(b"GPS-25.27-103.39");
    let plain = picture(96, 64, ImageFormat::Jpeg);
    let mut photo = plain[..2].to_vec();
    photo.extend(b"\xff\xe1");
    photo.extend(u16::try_from(tiff.len() + 8).expect("short").to_be_bytes());
    photo.extend(b"Exif\0\0");
    photo.extend(tiff);
    photo.extend(&plain[2..]);
    photo.extend(b"BEHIND-THE-END");
    photo
}

/// Name, declared type, content, the rule that is broken, and what is told.
type Case<'a> = (&'a str, Option<&'a str>, &'a [u8], &'a str, &'a str);

fn has(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|some| some == what)
}

fn is_like(dot: image::Rgba<u8>, colour: Rgb<u8>) -> bool {
    dot.0.iter().zip(colour.0).all(|(one, other)| one.abs_diff(other) < 40)
}

#[tokio::test]
async fn a_photo_stands_upright_and_tells_no_longer_where_it_was_taken() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let record = visit(&world, &contact, &home(&world).await).await;
    let sent = photo();
    assert!(has(&sent, b"Exif") && has(&sent, b"GPS-25.27") && has(&sent, b"BEHIND"));
    let file = attach(&contact, &record, "现场.jpg", &sent).await[0].clone();
    assert_eq!((&file["width"], &file["height"]), (&json!(64), &json!(96)), "turned: {file}");
    for url in [&file["url"], &file["thumbnailUrl"]] {
        let (status, kept) = bytes(&contact, url).await;
        assert_eq!(status, 200);
        for trace in [&b"Exif"[..], b"GPS", b"103.39", b"BEHIND"] {
            assert!(!has(&kept, trace), "{}", String::from_utf8_lossy(trace));
        }
        let image =
            image::load_from_memory_with_format(&kept, ImageFormat::Jpeg).expect("a picture").to_rgba8();
        assert_eq!(image.dimensions(), (64, 96));
        assert!(
            is_like(*image.get_pixel(32, 8), RED) && is_like(*image.get_pixel(32, 88), BLUE),
            "left is up"
        );
    }
    let wide = attach(&contact, &record, "大.png", &picture(1600, 400, ImageFormat::Png)).await[1].clone();
    let (_, kept) = bytes(&contact, &wide["url"]).await;
    let whole = image::load_from_memory_with_format(&kept, ImageFormat::Png).expect("a picture").to_rgba8();
    assert!(
        whole.get_pixel(0, 0).0[..3] == RED.0 && whole.get_pixel(1599, 399).0[..3] == BLUE.0,
        "dot by dot"
    );
    let (_, small) = bytes(&contact, &wide["thumbnailUrl"]).await;
    let small = image::load_from_memory_with_format(&small, ImageFormat::Jpeg).expect("a picture");
    assert_eq!((small.width(), small.height()), (320, 80));
}

#[tokio::test]
async fn a_file_is_what_its_content_says_and_what_is_something_else_is_refused_by_its_name() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let record = visit(&world, &contact, &home(&world).await).await;
    let png = picture(8, 8, ImageFormat::Png);
    let elf = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 64]].concat();
    let broken = jpeg()[..200].to_vec();
    let archive = b"PK\x03\x04 and nothing that is an archive".to_vec();
    let cases: [Case<'_>; 7] = [
        ("现场.jpg", None, &png, "file-type-differs", "image/png"),
        ("现场.png", Some("image/jpeg"), &png, "file-type-differs", "image/png"),
        ("现场.jpg", None, &elf, "file-type", "application/x-executable"),
        ("记录.docx", None, &archive, "file-type", "application/zip"),
        ("记录.txt", Some("text/plain"), "走访记录".as_bytes(), "file-type", "jpg, png, pdf"),
        ("记录.svg", None, b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "file-type", "jpg, png, pdf"),
        ("坏.jpg", None, &broken, "picture-broken", "damaged"),
    ];
    for (name, declared, content, rule, told) in cases {
        let upload = contact.send_file(name, declared, content).await;
        let refused = add(&contact, &record, std::slice::from_ref(&upload)).await;
        let error = &refused["errors"][0];
        assert_eq!((&error["code"], &error["rule"]), (&json!("INVALID"), &json!(rule)), "{name}: {refused}");
        assert_eq!(error["path"], json!(["input", "uploadIds", "0"]));
        assert!(error["message"].as_str().is_some_and(|text| text.contains(told)), "{name}: {error}");
    }
    let fine = contact.send_file("好.jpg", None, &jpeg()).await;
    let bad = contact.send_file("坏.jpg", None, &elf).await;
    let refused = add(&contact, &record, &[fine.clone(), bad]).await;
    assert_eq!(refused["errors"][0]["path"], json!(["input", "uploadIds", "1"]), "{refused}");
    assert_eq!(stored(&world), Vec::<String>::new(), "all of them, or none");

    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().write_string(0, 0, "户主").expect("a cell");
    let sheet = book.save_to_buffer().expect("a sheet");
    let uploads = [
        fine,
        contact.send_file("名单.xlsx", None, &sheet).await,
        contact.send_file("通知", None, PDF).await,
    ];
    let made = add(&contact, &record, &uploads).await;
    let names: Vec<_> =
        made["attachments"].as_array().expect("files").iter().map(|one| one["fileName"].clone()).collect();
    assert_eq!(names.len(), 3, "{made}");
    for name in ["好.jpg", "名单.xlsx", "通知.pdf"] {
        assert!(names.contains(&json!(name)), "{name}: {made}");
    }
}

/// A picture of so many dots as its head says, and with next to nothing in it.
fn bomb(side: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a head");
    writer.write_chunk(png::chunk::IDAT, &[0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1]).expect("a piece");
    drop(writer);
    bytes
}

#[tokio::test]
async fn a_picture_with_too_many_dots_is_refused_before_it_is_unpacked() {
    let world = World::with(|config| config.attachment.max_megapixels = 1).await;
    let contact = world.actor("contact").await;
    let record = visit(&world, &contact, &home(&world).await).await;
    for (name, bytes, told) in [
        ("巨.png", bomb(60_000), "60000 by 60000"),
        ("大.jpg", picture(1200, 1000, ImageFormat::Jpeg), "1200 by 1000"),
    ] {
        let refused = add(&contact, &record, &[contact.send_file(name, None, &bytes).await]).await;
        let error = &refused["errors"][0];
        assert_eq!(error["rule"], "picture-size", "{refused}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(told)), "{error}");
    }
    attach(&contact, &record, "好.jpg", &picture(1000, 900, ImageFormat::Jpeg)).await;
}

#[tokio::test]
async fn there_is_an_end_to_how_much_is_attached() {
    let world = World::with(|config| {
        config.attachment.max_bytes = 40_000;
        config.attachment.max_record_bytes = 60_000;
        config.attachment.max_day_bytes = 100_000;
    })
    .await;
    let contact = world.actor("contact").await;
    let home = home(&world).await;
    let record = visit(&world, &contact, &home).await;
    let input = json!({"purpose": "ATTACHMENT", "fileName": "a.pdf", "length": 40_001});
    let long = contact.change("uploadCreate", "UploadCreateInput", "upload { id }", input).await;
    assert_eq!(
        (&long["errors"][0]["code"], &long["errors"][0]["rule"]),
        (&json!("INVALID"), &json!("length")),
        "{long}"
    );
    for (uploads, rule) in
        [(vec![], "number"), (vec!["upload_00000000000000000000000000".to_owned(); 2], "twice")]
    {
        assert_eq!(add(&contact, &record, &uploads).await["errors"][0]["rule"], rule);
    }
    let pdf = |length: usize| [b"%PDF-1.4\n".as_slice(), &vec![b' '; length - 15], b"\n%%EOF"].concat();
    let send = async |length: usize| contact.send_file("文件.pdf", None, &pdf(length)).await;
    let over = add(&contact, &record, &[send(40_000).await, send(30_000).await]).await;
    assert_eq!(over["errors"][0]["code"], "LIMIT", "of one record: {over}");
    assert_eq!(add(&contact, &record, &[send(40_000).await, send(20_000).await]).await["errors"], json!([]));
    let other = visit(&world, &contact, &home).await;
    assert_eq!(add(&contact, &other, &[send(40_000).await]).await["errors"], json!([]));
    let full = add(&contact, &other, &[send(500).await]).await;
    assert_eq!(full["errors"][0]["code"], "LIMIT", "of one day: {full}");
    world.state.clock.shift(chrono::Duration::hours(25));
    let contact = world.actor("contact").await;
    let few: Vec<_> =
        futures_util::future::join_all((0..9).map(|_| contact.send_file("短.pdf", None, PDF))).await;
    assert_eq!(add(&contact, &other, &few).await["errors"], json!([]));
    let few: Vec<_> =
        futures_util::future::join_all((0..9).map(|_| contact.send_file("短.pdf", None, PDF))).await;
    assert_eq!(add(&contact, &other, &few).await["errors"], json!([]));
    let few: Vec<_> =
        futures_util::future::join_all((0..2).map(|_| contact.send_file("短.pdf", None, PDF))).await;
    let many = add(&contact, &other, &few).await;
    assert_eq!(many["errors"][0]["code"], "LIMIT");
    assert!(many["errors"][0]["message"].as_str().is_some_and(|text| text.contains("1 more")), "{many}");
    assert_eq!(add(&contact, &other, &few[..1]).await["attachments"].as_array().map(Vec::len), Some(20));
}
