//! Any bytes: pieces are in order, within the text, and what the parser gets is as long as what the user wrote.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockkeeper::sql::source::Source;
use lockkeeper::sql::split::split;

fuzz_target!(|bytes: &[u8]| {
    let source = Source::new("a.sql", bytes.to_vec());
    let text = source.text();
    let mut at = 0;
    for piece in split(text).pieces {
        assert!(at <= piece.span.start && piece.span.start < piece.span.end && piece.span.end <= text.len());
        assert_eq!(piece.text_for_parser(text).len(), piece.span.end - piece.span.start);
        if let Some(problem) = piece.problem() {
            assert!(piece.span.start <= problem.offset && problem.offset < piece.span.end);
        }
        piece.meta(text);
        source.position(piece.span.start);
        at = piece.span.end;
    }
});
