//! The parser of regular expressions: Python's syntax, with Python's messages.

use std::collections::HashMap;

use super::escape;
use super::reader::{Fault, Read, Reader, Token, is_number};
use super::syntax::{Greed, Node, Place, Sequence, SetItem, SetNode, UNLIMITED, flag, width};
use crate::memory::surrogate;
use crate::value::str_repr::repr_str;

/// How deeply parentheses may be nested.
const MOST_DEPTH: usize = 500;

/// A pattern may have so many groups, and name no group beyond.
pub const MOST_GROUPS: u64 = 1_073_741_823;

/// What parsing gives.
pub struct Parsed {
    pub body: Sequence,
    pub flags: u32,
    /// Names of groups in the order of appearance.
    pub names: Vec<(String, usize)>,
    /// Widths of the groups; the whole pattern is number 0.
    pub widths: Vec<Option<(u64, u64)>>,
}

/// Parses a pattern. What it may mean in a later Python goes to the list, even if it turns out wrong.
pub fn parse(characters: Vec<char>, is_text: bool, flags: u32, warnings: &mut Vec<String>) -> Read<Parsed> {
    let mut parser = Parser {
        reader: Reader::new(characters, is_text)?,
        flags,
        names: HashMap::new(),
        order: Vec::new(),
        widths: vec![None],
        groups_outside_look_behind: None,
        references: Vec::new(),
        warnings,
    };
    let verbose = flags & flag::VERBOSE != 0;
    let body = parser.alternatives(verbose, 0)?;
    parser.flags = fix_flags(is_text, parser.flags)?;
    if parser.reader.peek().is_some() {
        return Err(parser.reader.fault("unbalanced parenthesis", 0));
    }
    for (number, place) in &parser.references {
        if *number >= parser.widths.len() {
            return Err(Fault::Pattern(format!("invalid group reference {number}"), Some(*place)));
        }
    }
    Ok(Parsed { body, flags: parser.flags, names: parser.order, widths: parser.widths })
}

/// Checks flags against the kind of pattern, and adds the one that is the default.
fn fix_flags(is_text: bool, flags: u32) -> Read<u32> {
    let has = |flag: u32| flags & flag != 0;
    let complaint = if is_text {
        match () {
            () if has(flag::LOCALE) => "cannot use LOCALE flag with a str pattern",
            () if !has(flag::ASCII) => return Ok(flags | flag::UNICODE),
            () if has(flag::UNICODE) => "ASCII and UNICODE flags are incompatible",
            () => return Ok(flags),
        }
    } else if has(flag::UNICODE) {
        "cannot use UNICODE flag with a bytes pattern"
    } else if has(flag::LOCALE) && has(flag::ASCII) {
        "ASCII and LOCALE flags are incompatible"
    } else {
        return Ok(flags);
    };
    Err(Fault::Value(complaint.to_string()))
}

pub(super) struct Parser<'a> {
    pub(super) reader: Reader,
    flags: u32,
    names: HashMap<String, usize>,
    order: Vec<(String, usize)>,
    pub(super) widths: Vec<Option<(u64, u64)>>,
    /// Inside a look-behind: how many groups there were before it.
    groups_outside_look_behind: Option<usize>,
    /// Groups that conditions name by number, and where; they may come later.
    references: Vec<(usize, usize)>,
    warnings: &'a mut Vec<String>,
}

impl Parser<'_> {
    /// `a|b|c`
    fn alternatives(&mut self, mut verbose: bool, depth: usize) -> Read<Sequence> {
        if depth > MOST_DEPTH {
            return Err(Fault::Depth);
        }
        let mut branches = Vec::new();
        loop {
            let is_first = depth == 0 && branches.is_empty();
            branches.push(self.sequence(verbose, depth, is_first)?);
            if !self.reader.take_if('|')? {
                break;
            }
            if depth == 0 {
                verbose = self.flags & flag::VERBOSE != 0;
            }
        }
        Ok(join_branches(branches))
    }

    /// Parts one after the other, up to `|`, `)` or the end.
    fn sequence(&mut self, mut verbose: bool, depth: usize, is_first: bool) -> Read<Sequence> {
        let mut sequence = Sequence::new();
        while let Some(token) = self.reader.peek() {
            if matches!(token, Token::Plain('|' | ')')) {
                break;
            }
            self.reader.take()?;
            let character = match token {
                Token::Escaped(character) => {
                    sequence.push(escape::in_pattern(self, character)?);
                    continue;
                }
                Token::Plain(character) => character,
            };
            if verbose && matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c') {
                continue;
            }
            match character {
                '#' if verbose => while !matches!(self.reader.take()?, None | Some(Token::Plain('\n'))) {},
                '[' => {
                    let set = self.set()?;
                    sequence.push(set);
                }
                '*' | '+' | '?' | '{' => self.repeat(character, &mut sequence)?,
                '.' => sequence.push(Node::Any),
                '^' => sequence.push(Node::At(Place::Beginning)),
                '$' => sequence.push(Node::At(Place::End)),
                '(' => {
                    let node = self.parenthesis(&mut verbose, depth, is_first && sequence.is_empty())?;
                    sequence.extend(node);
                }
                _ => sequence.push(Node::Literal(surrogate::code(character))),
            }
        }
        // Parentheses that do nothing but keep together what now stands alone.
        let mut flat = Sequence::with_capacity(sequence.len());
        for node in sequence {
            match node {
                Node::Group { number: None, add_flags: 0, remove_flags: 0, body } => flat.extend(body),
                node => flat.push(node),
            }
        }
        Ok(flat)
    }

    fn doubt(&mut self, message: String) {
        self.warnings.push(message);
    }

    /// A set, behind its `[`.
    fn set(&mut self) -> Read<Node> {
        let start = self.reader.place() - 1;
        let unterminated = |reader: &Reader| Err(reader.fault("unterminated character set", reader.place() - start));
        if self.reader.is_next('[') {
            let place = self.reader.place();
            self.doubt(format!("Possible nested set at position {place}"));
        }
        let negate = self.reader.take_if('^')?;
        let mut items: Vec<SetItem> = Vec::new();
        let add = |items: &mut Vec<SetItem>, item: SetItem| {
            if !items.contains(&item) {
                items.push(item);
            }
        };
        loop {
            let Some(token) = self.reader.take()? else { return unterminated(&self.reader) };
            let first = match token {
                Token::Plain(']') if !items.is_empty() => break,
                Token::Escaped(character) => escape::in_set(self, character)?,
                Token::Plain(character) => {
                    if !items.is_empty() && matches!(character, '-' | '&' | '~' | '|') && self.reader.is_next(character)
                    {
                        let operation = match character {
                            '-' => "difference",
                            '&' => "intersection",
                            '~' => "symmetric difference",
                            _ => "union",
                        };
                        let place = self.reader.place() - 1;
                        self.doubt(format!("Possible set {operation} at position {place}"));
                    }
                    SetItem::Literal(surrogate::code(character))
                }
            };
            if !self.reader.take_if('-')? {
                add(&mut items, first);
                continue;
            }
            let Some(end) = self.reader.take()? else { return unterminated(&self.reader) };
            let last = match end {
                Token::Plain(']') => {
                    add(&mut items, first);
                    add(&mut items, SetItem::Literal('-' as u32));
                    break;
                }
                Token::Escaped(character) => escape::in_set(self, character)?,
                Token::Plain(character) => {
                    if character == '-' {
                        let place = self.reader.place() - 2;
                        self.doubt(format!("Possible set difference at position {place}"));
                    }
                    SetItem::Literal(surrogate::code(character))
                }
            };
            match (first, last) {
                (SetItem::Literal(low), SetItem::Literal(high)) if low <= high => {
                    add(&mut items, SetItem::Range(low, high));
                }
                _ => {
                    let (token, end) = (token.text(), end.text());
                    let back = token.chars().count() + 1 + end.chars().count();
                    return Err(self.reader.fault(format!("bad character range {token}-{end}"), back));
                }
            }
        }
        Ok(match items[..] {
            [SetItem::Literal(code)] if negate => Node::NotLiteral(code),
            [SetItem::Literal(code)] => Node::Literal(code),
            _ => Node::Set(SetNode { negate, items }),
        })
    }

    /// A quantifier, behind its first character.
    fn repeat(&mut self, character: char, sequence: &mut Sequence) -> Read<()> {
        let start = self.reader.place();
        let (least, most) = match character {
            '?' => (0, 1),
            '*' => (0, UNLIMITED),
            '+' => (1, UNLIMITED),
            _ => match self.bounds(start)? {
                Some(bounds) => bounds,
                None => {
                    sequence.push(Node::Literal('{' as u32));
                    return Ok(());
                }
            },
        };
        let back = self.reader.place() - start + 1;
        let item = match sequence.pop() {
            None | Some(Node::At(_)) => return Err(self.reader.fault("nothing to repeat", back)),
            Some(Node::Repeat { .. }) => return Err(self.reader.fault("multiple repeat", back)),
            Some(Node::Group { number: None, add_flags: 0, remove_flags: 0, body }) => body,
            Some(node) => vec![node],
        };
        let greed = if self.reader.take_if('?')? {
            Greed::Lazy
        } else if self.reader.take_if('+')? {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        sequence.push(Node::Repeat { least, most, greed, body: item });
        Ok(())
    }

    /// `2,5}`; None when the brace stands for itself.
    fn bounds(&mut self, start: usize) -> Read<Option<(u32, u32)>> {
        if self.reader.is_next('}') {
            return Ok(None);
        }
        let low = self.reader.take_while(usize::MAX, |character| character.is_ascii_digit())?;
        let mut high = low.clone();
        if self.reader.take_if(',')? {
            high = self.reader.take_while(usize::MAX, |character| character.is_ascii_digit())?;
        }
        if !self.reader.take_if('}')? {
            self.reader.seek(start)?;
            return Ok(None);
        }
        let number = |digits: &str, otherwise: u32| match digits {
            "" => Ok(otherwise),
            _ => match digits.parse::<u32>() {
                Ok(number) if number < UNLIMITED => Ok(number),
                _ => Err(Fault::Overflow("the repetition number is too large".to_string())),
            },
        };
        let (least, most) = (number(&low, 0)?, number(&high, UNLIMITED)?);
        if most < least {
            let back = self.reader.place() - start;
            return Err(self.reader.fault("min repeat greater than max repeat", back));
        }
        Ok(Some((least, most)))
    }

    /// A parenthesis, behind the `(`. None when it stands for nothing.
    fn parenthesis(&mut self, verbose: &mut bool, depth: usize, is_first: bool) -> Read<Option<Node>> {
        let start = self.reader.place() - 1;
        let (mut name, mut captures, mut is_atomic) = (None, true, false);
        let (mut add_flags, mut remove_flags) = (0, 0);
        if self.reader.take_if('?')? {
            let Some(token) = self.reader.take()? else {
                return Err(self.reader.fault("unexpected end of pattern", 0));
            };
            match token {
                Token::Plain('P') => {
                    if self.reader.take_if('<')? {
                        let given = self.reader.take_until('>', "group name")?;
                        self.reader.check_name(&given, 1)?;
                        name = Some(given);
                    } else if self.reader.take_if('=')? {
                        return self.named_reference().map(Some);
                    } else {
                        return Err(match self.reader.take()? {
                            None => self.reader.fault("unexpected end of pattern", 0),
                            Some(token) => {
                                self.reader.fault(format!("unknown extension ?P{}", token.text()), token.width() + 2)
                            }
                        });
                    }
                }
                Token::Plain(':') => captures = false,
                Token::Plain('#') => return self.comment(start).map(|()| None),
                Token::Plain(character @ ('=' | '!' | '<')) => {
                    return self.look_around(character, start, *verbose, depth).map(Some);
                }
                Token::Plain('(') => return self.conditional(start, *verbose, depth).map(Some),
                Token::Plain('>') => (captures, is_atomic) = (false, true),
                Token::Plain(character) if flag_of(character).is_some() || character == '-' => {
                    match self.inline_flags(character)? {
                        Some(flags) => (add_flags, remove_flags) = flags,
                        None if !is_first => {
                            let back = self.reader.place() - start;
                            let message = "global flags not at the start of the expression";
                            return Err(self.reader.fault(message, back));
                        }
                        None => {
                            *verbose = self.flags & flag::VERBOSE != 0;
                            return Ok(None);
                        }
                    }
                    captures = false;
                }
                token => {
                    let message = format!("unknown extension ?{}", token.text());
                    return Err(self.reader.fault(message, token.width() + 1));
                }
            }
        }
        let number = if captures { Some(self.open_group(name)?) } else { None };
        let inner_verbose = (*verbose || add_flags & flag::VERBOSE != 0) && remove_flags & flag::VERBOSE == 0;
        let body = self.alternatives(inner_verbose, depth + 1)?;
        self.close(start)?;
        if let Some(number) = number {
            self.widths[number] = Some(width(&body, &self.widths));
        }
        Ok(Some(match is_atomic {
            true => Node::Atomic(body),
            false => Node::Group { number, add_flags, remove_flags, body },
        }))
    }

    /// The `)` of what began at `start`.
    fn close(&mut self, start: usize) -> Read<()> {
        if self.reader.take_if(')')? {
            return Ok(());
        }
        let back = self.reader.place() - start;
        Err(self.reader.fault("missing ), unterminated subpattern", back))
    }

    fn comment(&mut self, start: usize) -> Read<()> {
        loop {
            if self.reader.peek().is_none() {
                let back = self.reader.place() - start;
                return Err(self.reader.fault("missing ), unterminated comment", back));
            }
            if self.reader.take()? == Some(Token::Plain(')')) {
                return Ok(());
            }
        }
    }

    fn open_group(&mut self, name: Option<String>) -> Read<usize> {
        let number = self.widths.len();
        self.widths.push(None);
        if let Some(name) = name {
            if let Some(known) = self.names.get(&name) {
                let shown = repr_str(&name);
                let message = format!("redefinition of group name {shown} as group {number}; was group {known}");
                return Err(self.reader.fault(message, name.chars().count() + 1));
            }
            self.names.insert(name.clone(), number);
            self.order.push((name, number));
        }
        Ok(number)
    }

    /// The group with a name that stands before the next token.
    fn group_named(&mut self, name: &str) -> Read<usize> {
        self.reader.check_name(name, 1)?;
        self.names.get(name).copied().ok_or_else(|| {
            self.reader.fault(format!("unknown group name {}", repr_str(name)), name.chars().count() + 1)
        })
    }

    /// Whether a group is there and closed.
    pub(super) fn is_closed(&self, number: usize) -> bool {
        self.widths.get(number).is_some_and(Option::is_some)
    }

    /// A look-behind cannot refer to what it captures itself.
    pub(super) fn check_look_behind(&self, number: usize) -> Read<()> {
        match self.groups_outside_look_behind {
            Some(_) if !self.is_closed(number) => Err(self.reader.fault("cannot refer to an open group", 0)),
            Some(outside) if number >= outside => {
                Err(self.reader.fault("cannot refer to group defined in the same lookbehind subpattern", 0))
            }
            _ => Ok(()),
        }
    }

    /// `(?P=name)`, behind the `=`.
    fn named_reference(&mut self) -> Read<Node> {
        let name = self.reader.take_until(')', "group name")?;
        let number = self.group_named(&name)?;
        if !self.is_closed(number) {
            return Err(self.reader.fault("cannot refer to an open group", name.chars().count() + 1));
        }
        self.check_look_behind(number)?;
        Ok(Node::Reference(number))
    }

    /// `(?=`, `(?!`, `(?<=`, `(?<!`, behind the first character that tells.
    fn look_around(&mut self, character: char, start: usize, verbose: bool, depth: usize) -> Read<Node> {
        let (mut sign, behind) = (character, character == '<');
        let outside = self.groups_outside_look_behind;
        if behind {
            sign = match self.reader.take()? {
                Some(Token::Plain(sign @ ('=' | '!'))) => sign,
                None => return Err(self.reader.fault("unexpected end of pattern", 0)),
                Some(token) => {
                    let message = format!("unknown extension ?<{}", token.text());
                    return Err(self.reader.fault(message, token.width() + 2));
                }
            };
            self.groups_outside_look_behind = outside.or(Some(self.widths.len()));
        }
        let body = self.alternatives(verbose, depth + 1)?;
        self.groups_outside_look_behind = outside;
        self.close(start)?;
        Ok(match sign {
            '!' if body.is_empty() => Node::Failure,
            sign => Node::Look { behind, negate: sign == '!', body },
        })
    }

    /// `(?(1)yes|no)`, behind the second parenthesis.
    fn conditional(&mut self, start: usize, verbose: bool, depth: usize) -> Read<Node> {
        if depth > MOST_DEPTH {
            return Err(Fault::Depth);
        }
        let name = self.reader.take_until(')', "group name")?;
        let length = name.chars().count();
        let number = if is_number(&name) {
            let number = name.parse::<u64>().unwrap_or(u64::MAX);
            if number == 0 {
                return Err(self.reader.fault("bad group number", length + 1));
            }
            if number >= MOST_GROUPS {
                return Err(self.reader.fault(format!("invalid group reference {name}"), length + 1));
            }
            let number = number as usize;
            if !self.references.iter().any(|(known, _)| *known == number) {
                self.references.push((number, self.reader.place() - length - 1));
            }
            number
        } else {
            self.group_named(&name)?
        };
        self.check_look_behind(number)?;
        let yes = self.sequence(verbose, depth + 1, false)?;
        let mut no = Sequence::new();
        if self.reader.take_if('|')? {
            no = self.sequence(verbose, depth + 1, false)?;
            if self.reader.is_next('|') {
                return Err(self.reader.fault("conditional backref with more than two branches", 0));
            }
        }
        self.close(start)?;
        Ok(Node::Conditional { number, yes, no })
    }

    /// `(?i)` or `(?i-s:`, behind the first letter. None for flags that hold everywhere.
    fn inline_flags(&mut self, first: char) -> Read<Option<(u32, u32)>> {
        let (mut add, mut remove) = (0, 0);
        let mut character = first;
        if character != '-' {
            loop {
                let flag = flag_of(character).unwrap_or(0);
                let wrong = match character {
                    'L' if self.reader.is_text => Some("cannot use 'L' flag with a str pattern"),
                    'u' if !self.reader.is_text => Some("cannot use 'u' flag with a bytes pattern"),
                    _ if flag & flag::KINDS != 0 && (add | flag) & flag::KINDS != flag => {
                        Some("flags 'a', 'u' and 'L' are incompatible")
                    }
                    _ => None,
                };
                if let Some(wrong) = wrong {
                    return Err(self.reader.fault(format!("bad inline flags: {wrong}"), 0));
                }
                add |= flag;
                match self.next_flag("missing -, : or )", &[')', '-', ':'])? {
                    end @ (')' | '-' | ':') => {
                        character = end;
                        break;
                    }
                    next => character = next,
                }
            }
        }
        if character == ')' {
            self.flags |= add;
            return Ok(None);
        }
        if character == '-' {
            character = self.next_flag("missing flag", &[])?;
            loop {
                let flag = flag_of(character).unwrap_or(0);
                if flag & flag::KINDS != 0 {
                    let message = "bad inline flags: cannot turn off flags 'a', 'u' and 'L'";
                    return Err(self.reader.fault(message, 0));
                }
                remove |= flag;
                match self.next_flag("missing :", &[':'])? {
                    ':' => break,
                    next => character = next,
                }
            }
        }
        if add & remove != 0 {
            return Err(self.reader.fault("bad inline flags: flag turned on and off", 1));
        }
        Ok(Some((add, remove)))
    }

    /// The letter of a flag, or one of `ends`.
    fn next_flag(&mut self, missing: &str, ends: &[char]) -> Read<char> {
        let Some(token) = self.reader.take()? else { return Err(self.reader.fault(missing, 0)) };
        match token {
            Token::Plain(character) if ends.contains(&character) || flag_of(character).is_some() => Ok(character),
            Token::Plain(character) if character.is_alphabetic() => Err(self.reader.fault("unknown flag", 1)),
            token => Err(self.reader.fault(missing, token.width())),
        }
    }
}

fn flag_of(letter: char) -> Option<u32> {
    Some(match letter {
        'i' => flag::IGNORECASE,
        'L' => flag::LOCALE,
        'm' => flag::MULTILINE,
        's' => flag::DOTALL,
        'x' => flag::VERBOSE,
        'a' => flag::ASCII,
        'u' => flag::UNICODE,
        _ => return None,
    })
}

/// Alternatives as one sequence: what all begin with comes first, single characters become a set.
fn join_branches(mut branches: Vec<Sequence>) -> Sequence {
    let mut joined = Sequence::new();
    if branches.len() == 1 {
        return branches.pop().unwrap_or_default();
    }
    let shared = |branches: &[Sequence]| {
        let first = branches[0].first().filter(|node| node.is_unit())?;
        branches.iter().all(|branch| branch.first() == Some(first)).then(|| first.clone())
    };
    while let Some(first) = shared(&branches) {
        branches.iter_mut().for_each(|branch| drop(branch.remove(0)));
        joined.push(first);
    }
    let mut items = Vec::new();
    for branch in &branches {
        match &branch[..] {
            [Node::Literal(code)] => items.push(SetItem::Literal(*code)),
            [Node::Set(set)] if !set.negate => items.extend_from_slice(&set.items),
            _ => {
                joined.push(Node::Branch(branches));
                return joined;
            }
        }
    }
    joined.push(Node::Set(SetNode { negate: false, items }));
    joined
}
