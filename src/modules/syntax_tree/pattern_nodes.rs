//! Patterns of `match` from nodes.

use asy_grammar::ast::{Constant, Identifier, Name, Pattern, PatternKind, Span};

use super::from_nodes::{Node, Place, Reader, name_of, unexpected};
use crate::value::{Raised, Result, Str, Value};

impl Reader {
    fn patterns(&mut self, node: &Node, field: &str) -> Result<Vec<Pattern>> {
        node.list(field)?.iter().map(|pattern| self.pattern(pattern)).collect()
    }

    pub(super) fn pattern(&mut self, value: &Value) -> Result<Pattern> {
        let node = Node::of(value).ok_or_else(|| unexpected("pattern", value))?;
        let span = self.span(&node, "pattern")?;
        let kind = self.deeper(|reader| reader.pattern_kind(&node, span, value))?;
        Ok(Pattern { span, kind })
    }

    fn pattern_kind(&mut self, node: &Node, span: Span, value: &Value) -> Result<PatternKind> {
        let identifier = |name: Name| Identifier { span, name };
        Ok(match &*node.class {
            "MatchValue" => PatternKind::Value(self.load(node, "value")?),
            "MatchSingleton" => PatternKind::Singleton(match node.object.get(&Str::intern("value")) {
                Some(Value::None) => Constant::None,
                Some(Value::Bool(true)) => Constant::True,
                Some(Value::Bool(false)) => Constant::False,
                _ => return Err(Raised::value_error("MatchSingleton can only contain True, False and None")),
            }),
            "MatchSequence" => PatternKind::Sequence(self.patterns(node, "patterns")?),
            "MatchMapping" => {
                let (keys, patterns) = (self.all(node, "keys", Place::Load)?, self.patterns(node, "patterns")?);
                if keys.len() != patterns.len() {
                    return Err(Raised::value_error("MatchMapping doesn't have the same number of keys as patterns"));
                }
                PatternKind::Mapping { keys, patterns, rest: node.maybe_name("rest")?.map(identifier) }
            }
            "MatchClass" => {
                let names = node.list("kwd_attrs")?;
                let names = names.iter().map(|name| name_of(name).map(identifier)).collect::<Result<Vec<_>>>()?;
                let patterns = self.patterns(node, "kwd_patterns")?;
                if names.len() != patterns.len() {
                    return Err(Raised::value_error(
                        "MatchClass doesn't have the same number of keyword attributes as patterns",
                    ));
                }
                PatternKind::Class {
                    class: self.load(node, "cls")?,
                    positional: self.patterns(node, "patterns")?,
                    keywords: names.into_iter().zip(patterns).collect(),
                }
            }
            "MatchStar" => PatternKind::Star(node.maybe_name("name")?.map(identifier)),
            "MatchAs" => {
                let name = node.maybe_name("name")?.map(identifier);
                let pattern = node.field("pattern").map(|pattern| self.pattern(&pattern)).transpose()?;
                if name.is_none() && pattern.is_some() {
                    return Err(Raised::value_error("MatchAs must specify a target name if a pattern is given"));
                }
                PatternKind::As { pattern: pattern.map(Box::new), name }
            }
            "MatchOr" => {
                let patterns = self.patterns(node, "patterns")?;
                if patterns.len() < 2 {
                    return Err(Raised::value_error("MatchOr requires at least 2 patterns"));
                }
                PatternKind::Or(patterns)
            }
            _ => return Err(unexpected("pattern", value)),
        })
    }
}
