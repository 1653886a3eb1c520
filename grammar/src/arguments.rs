//! Arguments of calls, and parameters of functions: what may stand where.
//!
//! The grammar reads them in any order; the order is checked here, where the message can name it.

use crate::ast::*;
use crate::builder::Builder;

/// One argument as it stands in a call.
pub enum Argument {
    /// Also `*spread`.
    Positional(Expression),
    /// A comprehension without parentheses of its own.
    Generator(Expression),
    Keyword(Keyword),
    /// `**spread`
    Spread(Span, Expression),
}

/// One entry as it stands in a list of parameters.
pub enum ParameterItem {
    Plain(Parameter),
    /// `*name`
    Star(Parameter),
    /// `**name`
    DoubleStar(Parameter),
    /// `*`
    BareStar(Span),
    /// `/`
    Slash(Span),
}

impl Builder<'_> {
    /// `name=value` in a call.
    pub fn keyword(&mut self, start: u32, end: u32, name: Expression, value: Expression) -> Argument {
        let span = Span { start, end };
        let target = name.span;
        let name = match name.kind {
            ExpressionKind::Name(name) if target.start == start => name,
            ExpressionKind::Constant(Constant::None | Constant::True | Constant::False) => {
                self.error(target, format!("cannot assign to {}", name.describe()));
                "".into()
            }
            _ => {
                self.error(span, "expression cannot contain assignment, perhaps you meant \"==\"?");
                "".into()
            }
        };
        Argument::Keyword(Keyword { span, name: Some(Identifier { span: target, name }), value })
    }

    /// A call whose parentheses cover `parentheses`.
    pub fn call(
        &mut self,
        start: u32,
        parentheses: Span,
        function: Expression,
        arguments: Vec<Argument>,
    ) -> Expression {
        let is_generator = matches!(arguments.as_slice(), [Argument::Generator(_)]);
        let mut arguments = self.arguments(arguments);
        if let (true, Some(generator)) = (is_generator, arguments.positional.first_mut()) {
            // The parentheses of the call are those of the generator, too.
            generator.span = parentheses;
        }
        let end = parentheses.end;
        self.expression(start, end, ExpressionKind::Call { function: Box::new(function), arguments })
    }

    /// The bases of a class: arguments that cannot be a comprehension.
    pub fn class_arguments(&mut self, arguments: Vec<Argument>) -> Arguments {
        if let [Argument::Generator(generator)] = arguments.as_slice() {
            self.error(generator.span, "invalid syntax");
        }
        self.arguments(arguments)
    }

    fn arguments(&mut self, list: Vec<Argument>) -> Arguments {
        let alone = list.len() == 1;
        let mut arguments = Arguments::default();
        let mut keyword_before = false;
        let mut spread_before = false;
        for argument in list {
            match argument {
                Argument::Positional(value) => {
                    let starred = matches!(value.kind, ExpressionKind::Starred(_));
                    if spread_before {
                        let message = if starred {
                            "iterable argument unpacking follows keyword argument unpacking"
                        } else {
                            "positional argument follows keyword argument unpacking"
                        };
                        self.error(value.span, message);
                    } else if keyword_before && !starred {
                        self.error(value.span, "positional argument follows keyword argument");
                    }
                    arguments.positional.push(value);
                }
                Argument::Generator(value) => {
                    // A comma behind it counts as company.
                    let followed = self.source[value.span.end as usize..].trim_start().starts_with(',');
                    if !alone || followed {
                        self.error(value.span, "Generator expression must be parenthesized");
                    }
                    arguments.positional.push(value);
                }
                Argument::Keyword(keyword) => {
                    keyword_before = true;
                    arguments.keywords.push(keyword);
                }
                Argument::Spread(span, value) => {
                    spread_before = true;
                    arguments.keywords.push(Keyword { span, name: None, value });
                }
            }
        }
        arguments
    }

    /// The last `mark` before a place.
    fn mark_before(&self, place: Span, mark: &str) -> Span {
        let start = self.source[..place.start as usize].rfind(mark).map_or(place.start, |start| start as u32);
        Span { start, end: start + mark.len() as u32 }
    }

    /// Sorts the entries of a parameter list into their kinds.
    pub fn parameters(&mut self, items: Vec<ParameterItem>) -> Parameters {
        let mut parameters = Parameters::default();
        let mut bare_star = None;
        let mut slash = false;
        let mut default_before = false;
        for item in items {
            let span = match &item {
                ParameterItem::Plain(parameter) => parameter.name.span,
                ParameterItem::Star(parameter) => self.mark_before(parameter.name.span, "*"),
                ParameterItem::DoubleStar(parameter) => self.mark_before(parameter.name.span, "**"),
                ParameterItem::BareStar(span) | ParameterItem::Slash(span) => *span,
            };
            if parameters.double_star.is_some() {
                self.error(span, "arguments cannot follow var-keyword argument");
                return parameters;
            }
            let starred = bare_star.is_some() || parameters.star.is_some();
            match item {
                ParameterItem::Plain(parameter) if starred => parameters.keyword_only.push(parameter),
                ParameterItem::Plain(parameter) => {
                    if default_before && parameter.default.is_none() {
                        self.error(span, "parameter without a default follows parameter with a default");
                    }
                    default_before |= parameter.default.is_some();
                    parameters.positional.push(parameter);
                }
                ParameterItem::Star(_) | ParameterItem::BareStar(_) if starred => {
                    self.error(span, "* argument may appear only once");
                }
                ParameterItem::Star(parameter) => {
                    if let Some(default) = &parameter.default {
                        let equal = self.mark_before(default.span, "=");
                        self.error(equal, "var-positional argument cannot have default value");
                    }
                    parameters.star = Some(parameter);
                }
                ParameterItem::BareStar(span) => bare_star = Some(span),
                ParameterItem::DoubleStar(parameter) => {
                    if let Some(default) = &parameter.default {
                        let equal = self.mark_before(default.span, "=");
                        self.error(equal, "var-keyword argument cannot have default value");
                    }
                    parameters.double_star = Some(parameter);
                }
                ParameterItem::Slash(span) if starred => self.error(span, "/ must be ahead of *"),
                ParameterItem::Slash(span) if slash => self.error(span, "/ may appear only once"),
                ParameterItem::Slash(span) => {
                    if parameters.positional.is_empty() {
                        let is_last = !self.source[span.end as usize..].trim_start().starts_with(',');
                        self.error(
                            span,
                            if is_last { "invalid syntax" } else { "at least one argument must precede /" },
                        );
                    }
                    slash = true;
                    parameters.positional_only = std::mem::take(&mut parameters.positional);
                }
            }
        }
        if let Some(span) = bare_star.filter(|_| parameters.keyword_only.is_empty()) {
            self.error(span, "named arguments must follow bare *");
        }
        parameters
    }

    /// Checks that type parameters with a default come last.
    pub fn type_parameters(&mut self, parameters: Vec<TypeParameter>) -> Vec<TypeParameter> {
        let mut default_before = false;
        for parameter in &parameters {
            if default_before && parameter.default.is_none() {
                let name = &parameter.name.name;
                let message = format!("non-default type parameter '{name}' follows default type parameter");
                self.error(parameter.span, message);
            }
            default_before |= parameter.default.is_some();
        }
        parameters
    }
}
