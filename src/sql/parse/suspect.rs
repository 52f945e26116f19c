//! Which syntax trees the parser's validation may object to.
//!
//! Validation walks a tree three times and is half of a parse. Most statements hold nothing that it could mind, which one look at each
//! green node tells. What this cannot tell is suspect, and validated. Its twin is `validation.rs` of squawk-syntax: the version is
//! pinned, and `tests/it/mutations.rs` asks both about every fixture, mutated.

use rowan::{GreenNodeData, NodeOrToken};
use squawk_parser::{is_col_name_keyword, is_reserved_keyword, is_type_func_name_keyword};
use squawk_syntax::SyntaxKind as K;
use squawk_syntax::ast::{self, AstNode};

/// The longest operator.
const MAX_OPERATOR_BYTES: u32 = 63;

/// Whether validation may find a mistake in the tree. It surely finds none when this is false.
pub(super) fn is_suspect(root: &GreenNodeData) -> bool {
    let mut open = vec![(K::EOF, root)];
    while let Some((parent, green)) = open.pop() {
        let node = Node { kind: kind(green.kind()), green };
        if node.is_suspect(parent) {
            return true;
        }
        for child in green.children() {
            match child {
                NodeOrToken::Node(inner) => open.push((node.kind, inner)),
                NodeOrToken::Token(token) => match kind(token.kind()) {
                    K::UESCAPE_KW | K::UNICODE_ESC_STRING => return true,
                    K::IDENT if token.text().as_bytes().get(1) == Some(&b'&') => return true,
                    _ => {}
                },
            }
        }
    }
    false
}

fn kind(raw: rowan::SyntaxKind) -> K {
    K::from(raw.0)
}

/// A node of the tree.
#[derive(Clone, Copy)]
struct Node<'a> {
    kind: K,
    green: &'a GreenNodeData,
}

impl<'a> Node<'a> {
    /// Its nodes.
    fn nodes(self) -> impl Iterator<Item = Node<'a>> {
        self.green
            .children()
            .filter_map(|it| it.into_node().map(|green| Node { kind: kind(green.kind()), green }))
    }

    /// The kinds of its nodes and tokens.
    fn kinds(self) -> impl Iterator<Item = K> {
        self.green.children().map(|it| kind(it.kind()))
    }

    fn any(self, wanted: impl Fn(K) -> bool) -> bool {
        self.kinds().any(wanted)
    }

    fn has(self, wanted: K) -> bool {
        self.any(|it| it == wanted)
    }

    fn child(self, wanted: K) -> Option<Node<'a>> {
        self.nodes().find(|it| it.kind == wanted)
    }

    /// The first token in it.
    fn first_token(self) -> Option<K> {
        let mut green = self.green;
        loop {
            match green.children().next()? {
                NodeOrToken::Token(token) => return Some(kind(token.kind())),
                NodeOrToken::Node(inner) => green = inner,
            }
        }
    }

    /// Whether validation may mind this node, whatever is inside its nodes.
    fn is_suspect(self, parent: K) -> bool {
        match self.kind {
            K::SOURCE_FILE => {
                self.kinds().filter(|it| ast::Stmt::can_cast(*it) && *it != K::EMPTY_STMT).count() > 1
            }
            K::NAME_REF | K::TABLE_NAME => self.first_token().is_none_or(is_type_func_name_keyword),
            K::LITERAL => !self.is_plain_literal(),
            K::CALL_EXPR => self.is_special_call(),
            K::BIN_EXPR => !self.is_plain_operation(),
            K::PREFIX_EXPR => self.has(K::CUSTOM_OP),
            K::CUSTOM_OP => u32::from(self.green.text_len()) > MAX_OPERATOR_BYTES,
            K::ARRAY_EXPR => self.has(K::L_PAREN) || !(parent == K::ARRAY_EXPR || self.has(K::ARRAY_KW)),
            K::SELECT => !self.is_plain_select(parent),
            K::SELECT_CLAUSE => self.has(K::DISTINCT_CLAUSE) && !self.has(K::TARGET_LIST),
            K::JOIN_EXPR => self.child(K::JOIN).is_none_or(|it| !it.is_plain_join()),
            K::RELATION_FROM_ITEM => self.has(K::LATERAL_KW),
            K::FUNCTION_FROM_ITEM => self.has(K::ONLY_KW),
            K::CREATE_TABLE => !self.has_typed_columns(),
            K::CREATE_FUNCTION | K::CREATE_PROCEDURE => self.any(ast::RoutineBody::can_cast),
            K::FUNC_OPTION_LIST => !self.has_each_option_once(),
            K::FUNCTION_SIG | K::PROCEDURE_SIG | K::ROUTINE_SIG => !self.is_plain_signature(),
            K::DO => self.kinds().filter(|it| matches!(it, K::LITERAL | K::DO_LANGUAGE)).count() > 1,
            K::SET_EXPR => self.has(K::DEFAULT_KW),
            K::SET_COLUMN_LIST => !self.any(ast::SetColumn::can_cast),
            K::TO_CONFIG_VALUE => !self.any(|it| it == K::DEFAULT_KW || ast::ConfigValue::can_cast(it)),
            _ if ast::Type::can_cast(self.kind) => !self.has_plain_modifiers(),
            other => is_always_validated(other),
        }
    }

    /// One token, and not `DEFAULT`.
    fn is_plain_literal(self) -> bool {
        let mut kinds = self.kinds();
        kinds.next().is_some_and(|it| it != K::DEFAULT_KW) && kinds.next().is_none()
    }

    /// `ANY (…)`, or a keyword where the function's name stands.
    fn is_special_call(self) -> bool {
        let has_arguments = || self.child(K::ARG_LIST).is_some_and(|it| it.has(K::ARG));
        self.nodes().any(|it| match (it.kind, it.first_token()) {
            (K::ANY_FN | K::SOME_FN | K::ALL_FN, _) | (K::NAME_REF, None) => true,
            (K::NAME_REF, Some(K::COALESCE_KW | K::GREATEST_KW | K::LEAST_KW)) => !has_arguments(),
            (K::NAME_REF, Some(word)) => is_col_name_keyword(word) || is_reserved_keyword(word),
            _ => false,
        })
    }

    fn is_plain_operation(self) -> bool {
        if self.has(K::OVERLAPS_KW) {
            return false;
        }
        !self.any(|it| matches!(it, K::IN_KW | K::NOT_IN))
            || self.nodes().last().is_some_and(|it| match it.kind {
                K::PAREN_EXPR => true,
                K::TUPLE_EXPR => !it.has(K::ROW_KW) && it.nodes().next().is_some(),
                _ => false,
            })
    }

    /// `SELECT`, then targets, then `FROM`.
    fn is_plain_select(self, parent: K) -> bool {
        let mut clauses = self.nodes().filter(|it| matches!(it.kind, K::SELECT_CLAUSE | K::FROM_CLAUSE));
        parent != K::TUPLE_EXPR
            && clauses.next().is_some_and(|it| {
                it.kind == K::SELECT_CLAUSE && (parent != K::PAREN_EXPR || it.has(K::TARGET_LIST))
            })
    }

    /// A join with a condition, or of a kind that takes none.
    fn is_plain_join(self) -> bool {
        if self.any(|it| matches!(it, K::NATURAL_KW | K::JOIN_CROSS)) {
            return !self.has(K::JOIN_USING_CLAUSE);
        }
        self.any(ast::JoinCondition::can_cast)
    }

    /// Whether each column of a new table has a type. A partition's and a typed table's need none, and rarely are named.
    fn has_typed_columns(self) -> bool {
        self.nodes()
            .filter(|it| it.kind == K::TABLE_ARG_LIST)
            .flat_map(Node::nodes)
            .filter(|it| it.kind == K::COLUMN)
            .all(|it| it.any(ast::Type::can_cast))
    }

    fn has_each_option_once(self) -> bool {
        let mut groups: Vec<K> = self.nodes().filter_map(|it| option_group(it.kind)).collect();
        let n_options = groups.len();
        groups.sort_unstable();
        groups.dedup();
        groups.len() == n_options
    }

    /// No defaults in the parameters of a function that is only named.
    fn is_plain_signature(self) -> bool {
        self.nodes()
            .filter(|it| it.kind == K::PARAM_LIST)
            .flat_map(Node::nodes)
            .all(|it| it.kind == K::PARAM && !it.has(K::PARAM_DEFAULT))
    }

    /// `numeric(10, 2)`: whole numbers between the parentheses, if there are any.
    fn has_plain_modifiers(self) -> bool {
        let is_number = |it: Node<'_>| it.kind == K::LITERAL && it.first_token() == Some(K::INT_NUMBER);
        self.nodes()
            .filter(|it| it.kind == K::ARG_LIST)
            .flat_map(Node::nodes)
            .all(|it| it.kind == K::ARG && it.kinds().count() == 1 && it.nodes().all(is_number))
    }
}

/// What an option of a function decides; only one may. `SET` and `RESET` may be given many times.
fn option_group(option: K) -> Option<K> {
    Some(match option {
        K::SET_FUNC_OPTION | K::RESET_FUNC_OPTION => return None,
        K::NOT_LEAKPROOF_FUNC_OPTION => K::LEAKPROOF_FUNC_OPTION,
        K::SECURITY_INVOKER_FUNC_OPTION => K::SECURITY_DEFINER_FUNC_OPTION,
        K::CALLED_ON_NULL_INPUT_FUNC_OPTION | K::RETURNS_NULL_ON_NULL_INPUT_FUNC_OPTION => {
            K::STRICT_FUNC_OPTION
        }
        K::STABLE | K::VOLATILE => K::IMMUTABLE,
        other => other,
    })
}

/// The kinds that are validated in ways not told apart here. They are rare, or what is checked is long.
fn is_always_validated(kind: K) -> bool {
    matches!(
        kind,
        K::AGGREGATE
            | K::ATOMIC_BODY
            | K::CREATE_AGGREGATE
            | K::DISTINCT_ON
            | K::EXCEPT_TABLE_CLAUSE
            | K::JSON_ARRAY_FN
            | K::JSON_OBJECT_FN
            | K::NON_STANDARD_PARAM
            | K::PARAM_IN_OUT
            | K::PARAM_OUT
            | K::PARAM_VARIADIC
            | K::PAREN_FROM_ITEM
            | K::PARTITION_FOR_VALUES_WITH
            | K::PERCENT_TYPE
            | K::PLPGSQL_BLOCK
            | K::PLPGSQL_CASE_STMT
            | K::PLPGSQL_CASE_WHEN
            | K::PLPGSQL_COMP_OPTION_PRINT_STRICT_PARAMS
            | K::PLPGSQL_ELSIF_CLAUSE
            | K::PLPGSQL_FETCH_STMT
            | K::PLPGSQL_FOR_CURSOR_STMT
            | K::PLPGSQL_FOR_I_STMT
            | K::PLPGSQL_FOR_QUERY_STMT
            | K::PLPGSQL_IF_STMT
            | K::PLPGSQL_PERCENT_ROWTYPE
            | K::RULE_STMT_LIST
            | K::SELECT_INTO
            | K::STORAGE_MODE
    )
}
