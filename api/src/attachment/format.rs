//! What may be attached, told by its content: a name and a declared type are held against that.

use crate::kernel::error::Refusal;
use image::ImageFormat;
use std::io::Cursor;

/// What a file may be.
#[derive(Debug)]
pub(super) struct Format {
    /// Its media type.
    pub(super) media_type: &'static str,
    /// Endings of names that go with it, the usual one first.
    endings: &'static [&'static str],
    /// How it is read, if it is a picture.
    pub(super) picture: Option<ImageFormat>,
    is: fn(&[u8]) -> bool,
}

/// All that may be attached.
const FORMATS: &[Format] = &[
    Format {
        media_type: "image/jpeg",
        endings: &["jpg", "jpeg"],
        picture: Some(ImageFormat::Jpeg),
        is: |bytes| bytes.starts_with(b"\xff\xd8\xff"),
    },
    Format {
        media_type: "image/png",
        endings: &["png"],
        picture: Some(ImageFormat::Png),
        is: |bytes| bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
    },
    Format { media_type: "application/pdf", endings: &["pdf"], picture: None, is: is_pdf },
    Format {
        media_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        endings: &["docx"],
        picture: None,
        is: |bytes| is_office(bytes, "word/document.xml"),
    },
    Format {
        media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        endings: &["xlsx"],
        picture: None,
        is: |bytes| is_office(bytes, "xl/workbook.xml"),
    },
];

/// Where the end of a PDF is looked for.
const TAIL: usize = 1024;

fn is_pdf(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    bytes.starts_with(b"%PDF-") && tail.windows(5).any(|five| five == b"%%EOF")
}

/// An office document with this main part, and without programs in it.
fn is_office(bytes: &[u8], main: &str) -> bool {
    if !bytes.starts_with(b"PK\x03\x04") {
        return false;
    }
    let Ok(archive) = zip::ZipArchive::new(Cursor::new(bytes)) else { return false };
    let has = |name: &str| archive.index_for_name(name).is_some();
    let is_program = |name: &str| name.to_ascii_lowercase().ends_with("vbaproject.bin");
    let runs = archive.file_names().any(|name| name.map_or(true, |name| is_program(&name)));
    has("[Content_Types].xml") && has(main) && !runs
}

/// What these bytes are, if that may be attached under this name and declared type.
pub(super) fn recognise(
    bytes: &[u8],
    file_name: &str,
    declared: Option<&str>,
) -> Result<&'static Format, Refusal> {
    let Some(format) = FORMATS.iter().find(|format| (format.is)(bytes)) else {
        let found = infer::get(bytes).map_or("?", |found| found.mime_type());
        return Err(unwanted(found));
    };
    let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let by_name = ending.is_none_or(|ending| format.endings.contains(&ending.as_str()));
    let declared = declared.map(|text| text.split(';').next().unwrap_or_default().trim());
    let by_type = declared.is_none_or(|text| text.eq_ignore_ascii_case(format.media_type));
    if by_name && by_type { Ok(format) } else { Err(otherwise(format, !by_name)) }
}

impl Format {
    /// The name under which it is kept: with its ending, if it came without one.
    pub(super) fn name(&self, file_name: &str) -> String {
        match file_name.rsplit_once('.') {
            Some(_) => file_name.to_owned(),
            None => format!("{file_name}.{}", self.endings[0]),
        }
    }
}

fn known() -> String {
    FORMATS.iter().map(|format| format.endings[0]).collect::<Vec<_>>().join(", ")
}

fn unwanted(found: &str) -> Refusal {
    Refusal::rule(
        "file-type",
        "",
        format!("此文件的内容是 {found}，不能作为附件；可用：{}。", known()),
        format!("By its content this is {found}, which cannot be attached; what can: {}.", known()),
    )
}

fn otherwise(format: &Format, is_name: bool) -> Refusal {
    let Format { media_type, endings, .. } = format;
    let (zh, en) = if is_name { ("文件名", "name") } else { ("所报类型", "declared type") };
    Refusal::rule(
        "file-type-differs",
        "",
        format!("文件内容是 {media_type}（.{}），与{zh}不符。", endings[0]),
        format!("By its content this is {media_type} (.{}), which its {en} denies.", endings[0]),
    )
}

/// What is said of a picture that cannot be read.
pub(super) fn broken() -> Refusal {
    Refusal::rule(
        "picture-broken",
        "",
        "图片已损坏，无法读取。",
        "The picture is damaged and cannot be read.",
    )
}

/// What is said of a picture with too many dots.
pub(super) fn too_large(width: u32, height: u32, most: u64) -> Refusal {
    let most = most / 1_000_000;
    Refusal::rule(
        "picture-size",
        "",
        format!("图片为 {width}×{height}，最多 {most} 百万像素。"),
        format!("The picture is {width} by {height}; at most {most} megapixels."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(bytes: &[u8], name: &str, declared: Option<&str>) -> String {
        match recognise(bytes, name, declared) {
            Ok(format) => format.name(name),
            Err(refusal) => format!("{:?}", refusal.detail),
        }
    }

    #[test]
    fn content_decides_and_name_and_type_must_not_deny_it() {
        let pdf = b"%PDF-1.7\n1 0 obj\n%%EOF\n";
        assert_eq!(rule(pdf, "表.PDF", Some("application/pdf; x=1")), "表.PDF");
        assert_eq!(rule(pdf, "表", None), "表.pdf");
        assert!(rule(pdf, "表.docx", None).contains("file-type-differs"));
        assert!(rule(pdf, "表.pdf", Some("image/png")).contains("file-type-differs"));
        assert!(rule(b"%PDF-1.7 and no end", "表.pdf", None).contains("\"file-type\""));
        assert!(rule(b"PK\x03\x04 not an archive", "表.xlsx", None).contains("\"file-type\""));
        assert!(rule(b"", "表.pdf", None).contains("\"file-type\""));
    }
}
