//! The parser's messages in the words of SQL: it names tokens as its own code does.

/// Tokens that are no keywords, by the parser's names for them.
const TOKENS: &[(&str, &str)] = &[
    ("EOF", "the end"),
    ("IDENT", "a name"),
    ("STRING", "a string"),
    ("INT_NUMBER", "a number"),
    ("FLOAT_NUMBER", "a number"),
    ("POSITIONAL_PARAM", "a parameter"),
    ("SEMICOLON", "`;`"),
    ("COMMA", "`,`"),
    ("L_PAREN", "`(`"),
    ("R_PAREN", "`)`"),
    ("L_BRACK", "`[`"),
    ("R_BRACK", "`]`"),
    ("L_CURLY", "`{`"),
    ("R_CURLY", "`}`"),
    ("L_ANGLE", "`<`"),
    ("R_ANGLE", "`>`"),
    ("LTEQ", "`<=`"),
    ("GTEQ", "`>=`"),
    ("EQ", "`=`"),
    ("FAT_ARROW", "`=>`"),
    ("NEQ", "`!=`"),
    ("NEQB", "`<>`"),
    ("AT", "`@`"),
    ("POUND", "`#`"),
    ("TILDE", "`~`"),
    ("QUESTION", "`?`"),
    ("AMP", "`&`"),
    ("PIPE", "`|`"),
    ("PLUS", "`+`"),
    ("MINUS", "`-`"),
    ("STAR", "`*`"),
    ("SLASH", "`/`"),
    ("CARET", "`^`"),
    ("PERCENT", "`%`"),
    ("DOT", "`.`"),
    ("DOT_DOT", "`..`"),
    ("COLON", "`:`"),
    ("COLON_EQ", "`:=`"),
    ("BANG", "`!`"),
    ("BACKTICK", "a backtick"),
    ("DOLLAR", "`$`"),
];

/// `expected command, found L_PAREN` as ``expected command, found `(` ``.
pub(super) fn readable(message: &str) -> String {
    let words: Vec<String> = message.split(' ').map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    let name = word.trim_end_matches([',', '.', ':']);
    let rest = &word[name.len()..];
    if let Some(keyword) = name.strip_suffix("_KW") {
        return format!("{keyword}{rest}");
    }
    let token = TOKENS.iter().find(|it| it.0 == name);
    token.map_or_else(|| word.to_owned(), |(_, sign)| format!("{sign}{rest}"))
}
