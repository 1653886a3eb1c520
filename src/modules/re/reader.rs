//! Reading a pattern or a replacement token by token: a token is a character, or a backslash with the
//! character behind it. Also what can be wrong with a pattern.

use crate::value::str_properties::is_identifier;
use crate::value::str_repr;

/// Why a pattern or a replacement is not accepted.
pub enum Fault {
    /// `re.PatternError`: what is wrong, and at which character if that is known.
    Pattern(String, Option<usize>),
    Value(String),
    Index(String),
    Overflow(String),
    /// Parentheses are nested too deeply.
    Depth,
}

/// The outcome of reading.
pub type Read<T> = Result<T, Fault>;

/// One token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token {
    Plain(char),
    /// `\` and this.
    Escaped(char),
}

impl Token {
    /// Characters it takes.
    pub fn width(self) -> usize {
        match self {
            Token::Plain(_) => 1,
            Token::Escaped(_) => 2,
        }
    }

    /// As it is written.
    pub fn text(self) -> String {
        match self {
            Token::Plain(character) => character.to_string(),
            Token::Escaped(character) => format!("\\{character}"),
        }
    }
}

/// A place in the text that is read.
pub struct Reader {
    /// A byte of a bytes pattern is the character with that number.
    characters: Vec<char>,
    /// Whether it is a str pattern.
    pub is_text: bool,
    /// Behind the next token.
    index: usize,
    next: Option<Token>,
}

impl Reader {
    pub fn new(characters: Vec<char>, is_text: bool) -> Read<Reader> {
        let mut reader = Reader { characters, is_text, index: 0, next: None };
        reader.advance()?;
        Ok(reader)
    }

    fn advance(&mut self) -> Read<()> {
        let mut index = self.index;
        self.next = match self.characters.get(index) {
            None => None,
            Some('\\') => {
                index += 1;
                let Some(escaped) = self.characters.get(index) else {
                    let place = self.characters.len() - 1;
                    return Err(Fault::Pattern("bad escape (end of pattern)".to_string(), Some(place)));
                };
                Some(Token::Escaped(*escaped))
            }
            Some(plain) => Some(Token::Plain(*plain)),
        };
        if self.next.is_some() {
            self.index = index + 1;
        }
        Ok(())
    }

    pub fn peek(&self) -> Option<Token> {
        self.next
    }

    /// Whether the next token is this plain character.
    pub fn is_next(&self, character: char) -> bool {
        self.next == Some(Token::Plain(character))
    }

    /// The next token if it is a plain character that satisfies the test.
    pub fn peek_if(&self, test: impl Fn(char) -> bool) -> Option<char> {
        match self.next {
            Some(Token::Plain(character)) if test(character) => Some(character),
            _ => None,
        }
    }

    /// Takes the next token.
    pub fn take(&mut self) -> Read<Option<Token>> {
        let token = self.next;
        self.advance()?;
        Ok(token)
    }

    /// Takes the next token if it is this character.
    pub fn take_if(&mut self, character: char) -> Read<bool> {
        let matches = self.is_next(character);
        if matches {
            self.advance()?;
        }
        Ok(matches)
    }

    /// Takes up to `most` characters that satisfy the test.
    pub fn take_while(&mut self, most: usize, test: impl Fn(char) -> bool) -> Read<String> {
        let mut taken = String::new();
        for _ in 0..most {
            let Some(character) = self.peek_if(&test) else { break };
            taken.push(character);
            self.advance()?;
        }
        Ok(taken)
    }

    /// Takes what stands before a terminator, and the terminator.
    pub fn take_until(&mut self, terminator: char, what: &str) -> Read<String> {
        let mut taken = String::new();
        loop {
            match self.take()? {
                None if taken.is_empty() => return Err(self.fault(format!("missing {what}"), 0)),
                None => {
                    let message = format!("missing {terminator}, unterminated name");
                    return Err(self.fault(message, taken.chars().count()));
                }
                Some(Token::Plain(character)) if character == terminator => {
                    if taken.is_empty() {
                        return Err(self.fault(format!("missing {what}"), 1));
                    }
                    return Ok(taken);
                }
                Some(token) => taken += &token.text(),
            }
        }
    }

    /// The place of the next token.
    pub fn place(&self) -> usize {
        self.index - self.next.map_or(0, Token::width)
    }

    /// Goes back to a place.
    pub fn seek(&mut self, place: usize) -> Read<()> {
        self.index = place;
        self.advance()
    }

    /// What is wrong, `back` characters before the next token.
    pub fn fault(&self, message: impl Into<String>, back: usize) -> Fault {
        let mut message = message.into();
        if !self.is_text && !message.is_ascii() {
            let escape = |character: char| match character {
                _ if character.is_ascii() => character.to_string(),
                _ => format!("\\x{:02x}", character as u32),
            };
            message = message.chars().map(escape).collect();
        }
        Fault::Pattern(message, Some(self.place() - back))
    }

    /// Checks the name of a group, which ends `offset` characters before the next token.
    pub fn check_name(&self, name: &str, offset: usize) -> Read<()> {
        if is_identifier(name) && (self.is_text || name.is_ascii()) {
            return Ok(());
        }
        let shown = if self.is_text || name.is_ascii() { str_repr::repr_str(name) } else { str_repr::ascii_str(name) };
        Err(self.fault(format!("bad character in group name {shown}"), name.chars().count() + offset))
    }
}

/// Whether a name is a number: decimal ASCII digits.
pub fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}
