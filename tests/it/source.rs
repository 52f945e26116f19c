//! Bytes in, text and places out.

use lockkeeper::sql::source::{Source, Span};

/// Line and column of each place, and what is unreadable.
fn places(bytes: &[u8], offsets: &[usize]) -> (String, Vec<(u32, u32)>, Vec<String>) {
    let source = Source::new("a.sql", bytes.to_vec());
    let positions =
        offsets.iter().map(|&offset| source.position(offset)).map(|at| (at.line, at.column)).collect();
    let unreadable = source
        .unreadable()
        .iter()
        .map(|part| {
            let at = source.position(part.span.start);
            format!("{}:{}+{} {}", at.line, at.column, part.span.end - part.span.start, part.why)
        })
        .collect();
    (source.text().to_owned(), positions, unreadable)
}

#[test]
fn places_count_lines_and_characters_from_one() {
    let text = "a\r\nbß€\n\n𝄞d";
    let at = |needle| text.find(needle).unwrap();
    let offsets = [0, at("b"), at("€"), at("€") + 1, at("𝄞"), at("d"), text.len(), 999];
    let (same, places, unreadable) = places(text.as_bytes(), &offsets);
    assert_eq!(same, text);
    assert_eq!(places, [(1, 1), (2, 1), (2, 3), (2, 3), (4, 1), (4, 2), (4, 3), (4, 3)]);
    assert!(unreadable.is_empty());
}

#[test]
fn a_byte_order_mark_counts_as_bytes_but_not_as_a_column() {
    let (text, places, _) = places("\u{feff}ab\nc".as_bytes(), &[0, 3, 4, 6]);
    assert_eq!((text.len(), places), (7, vec![(1, 1), (1, 1), (1, 2), (2, 1)]));
}

#[test]
fn bad_bytes_spoil_only_their_statement() {
    let bytes = b"SELECT 1;\nSELECT 'Gr\xf6\xdfe \xe2\x82', '\0';\nSELECT 3;";
    let (text, _, unreadable) = places(bytes, &[]);
    assert_eq!(text, "SELECT 1;\nSELECT 'Gr??e ??', '?';\nSELECT 3;");
    assert_eq!(
        unreadable,
        [
            "2:11+2 this is not UTF-8: save the file as UTF-8",
            "2:15+2 this is not UTF-8: save the file as UTF-8",
            "2:21+1 a zero byte cannot stand in SQL",
        ]
    );
    let source = Source::new("a.sql", bytes.to_vec());
    let is_bad = |start, end| source.unreadable_in(Span { start, end }).is_some();
    assert_eq!(
        [is_bad(0, 8), is_bad(10, 33), is_bad(35, 43), is_bad(21, 22), is_bad(22, 24)],
        [false, true, false, true, false]
    );
}

#[test]
fn utf_16_is_said_to_be_so() {
    let utf_16: Vec<u8> = "\u{feff}SELECT".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let unmarked: Vec<u8> = "SELECT".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [utf_16, unmarked] {
        let (text, _, unreadable) = places(&bytes, &[]);
        assert_eq!(text, "");
        assert_eq!(unreadable.len(), 1, "{unreadable:?}");
        assert!(
            unreadable[0].ends_with("the file is UTF-16, which PostgreSQL cannot read: save it as UTF-8")
        );
    }
}

#[test]
fn places_in_a_long_line_are_found_quickly() {
    let unit = "SELECT 'ß';";
    let source = Source::new("a.sql", unit.repeat(400_000).into_bytes());
    let start = std::time::Instant::now();
    for n in (0..400_000).step_by(40) {
        assert_eq!(source.position(n * unit.len()).column as usize, n * 11 + 1);
    }
    assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_binary_file_takes_bounded_memory() {
    let source = Source::new("a.sql", b"\xff.".repeat(1_000_000));
    assert_eq!(source.unreadable().len(), 1000);
    assert_eq!(source.unreadable_in(Span { start: 1_500_000, end: 1_500_001 }).unwrap().span.end, 1_999_999);
}
