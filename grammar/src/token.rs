//! The words of the language, as the grammar sees them.
//!
//! Layout has already become `Newline`, `Indent` and `Dedent`; the soft keywords are keywords here
//! only where they act as such; an f-string is a run of tokens between `FormatStart` and `FormatEnd`.

use std::rc::Rc;

use crate::ast::{Constant, Name, Span};

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    // Chooses what the one start rule of the grammar reads.
    StartModule,
    StartExpression,

    Newline,
    Indent,
    Dedent,

    Name(Name),
    Number(Constant),
    Str(Rc<str>),
    Bytes(Rc<[u8]>),

    FormatStart,
    /// Literal text of an f-string, escapes and doubled braces resolved.
    FormatText(Rc<str>),
    FormatEnd,
    /// `{` of a replacement field.
    FieldOpen,
    /// `=` in `{value=}`.
    FieldEqual,
    /// `!` before a conversion.
    FieldBang,
    /// `:` before a format.
    FieldColon,
    /// `}` of a replacement field.
    FieldClose,

    And,
    As,
    Assert,
    Async,
    Await,
    Break,
    Class,
    Continue,
    Def,
    Del,
    Elif,
    Else,
    Except,
    False,
    Finally,
    For,
    From,
    Global,
    If,
    Import,
    In,
    Is,
    Lambda,
    None,
    Nonlocal,
    Not,
    Or,
    Pass,
    Raise,
    Return,
    True,
    Try,
    While,
    With,
    Yield,

    // Soft keywords, where they are keywords.
    Match,
    Case,
    Type,

    OpenParenthesis,
    /// The `(` around all the items of a `with`.
    OpenWithItems,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,

    Comma,
    Colon,
    ColonEqual,
    Semicolon,
    Dot,
    Ellipsis,
    Arrow,
    At,
    Equal,

    Plus,
    Minus,
    Star,
    DoubleStar,
    Slash,
    DoubleSlash,
    Percent,
    Ampersand,
    Bar,
    Caret,
    Tilde,
    ShiftLeft,
    ShiftRight,

    EqualEqual,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,

    PlusEqual,
    MinusEqual,
    StarEqual,
    DoubleStarEqual,
    SlashEqual,
    DoubleSlashEqual,
    PercentEqual,
    AmpersandEqual,
    BarEqual,
    CaretEqual,
    ShiftLeftEqual,
    ShiftRightEqual,
    AtEqual,
}

/// The words that are never names.
pub const KEYWORDS: &[(&str, Token)] = &[
    ("and", Token::And),
    ("as", Token::As),
    ("assert", Token::Assert),
    ("async", Token::Async),
    ("await", Token::Await),
    ("break", Token::Break),
    ("class", Token::Class),
    ("continue", Token::Continue),
    ("def", Token::Def),
    ("del", Token::Del),
    ("elif", Token::Elif),
    ("else", Token::Else),
    ("except", Token::Except),
    ("False", Token::False),
    ("finally", Token::Finally),
    ("for", Token::For),
    ("from", Token::From),
    ("global", Token::Global),
    ("if", Token::If),
    ("import", Token::Import),
    ("in", Token::In),
    ("is", Token::Is),
    ("lambda", Token::Lambda),
    ("None", Token::None),
    ("nonlocal", Token::Nonlocal),
    ("not", Token::Not),
    ("or", Token::Or),
    ("pass", Token::Pass),
    ("raise", Token::Raise),
    ("return", Token::Return),
    ("True", Token::True),
    ("try", Token::Try),
    ("while", Token::While),
    ("with", Token::With),
    ("yield", Token::Yield),
];

impl Token {
    /// Whether an expression can end with this token.
    pub fn ends_expression(&self) -> bool {
        use Token::*;
        matches!(
            self,
            Name(_)
                | Number(_)
                | Str(_)
                | Bytes(_)
                | FormatEnd
                | None
                | True
                | False
                | Ellipsis
                | CloseParenthesis
                | CloseBracket
                | CloseBrace
        )
    }

    /// Whether this token begins an expression and can never continue one.
    pub fn begins_expression_only(&self) -> bool {
        use Token::*;
        matches!(
            self,
            Name(_)
                | Number(_)
                | Str(_)
                | Bytes(_)
                | FormatStart
                | None
                | True
                | False
                | Ellipsis
                | OpenBrace
                | Lambda
                | Await
                | Tilde
                | Not
        )
    }

    /// Whether this is an operator of arithmetic, a sign included.
    pub fn is_arithmetic(&self) -> bool {
        use Token::*;
        matches!(
            self,
            Plus | Minus
                | Star
                | DoubleStar
                | Slash
                | DoubleSlash
                | Percent
                | At
                | Tilde
                | ShiftLeft
                | ShiftRight
                | Ampersand
                | Bar
                | Caret
        )
    }

    /// Whether this can stand before an operand.
    pub fn is_prefix(&self) -> bool {
        matches!(self, Token::Plus | Token::Minus | Token::Tilde | Token::Not | Token::Await | Token::Star)
    }

    /// Whether this token opens a nesting that a later one closes.
    pub fn opens(&self) -> bool {
        use Token::*;
        matches!(self, OpenParenthesis | OpenWithItems | OpenBracket | OpenBrace | FormatStart | FieldOpen)
    }

    /// Whether this token closes a nesting.
    pub fn closes(&self) -> bool {
        use Token::*;
        matches!(self, CloseParenthesis | CloseBracket | CloseBrace | FormatEnd | FieldClose)
    }
}

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned {
    pub token: Token,
    pub span: Span,
}
