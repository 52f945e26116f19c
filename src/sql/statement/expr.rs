//! What matters of an expression: what it calls, what it reads, and whether it is a plain constant.

use super::{Ident, Name, RelationUse};

/// An expression, reduced to what decides locks and work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Expr {
    /// Its source text, with white space and comments as written.
    pub text: String,
    /// The functions it calls by name, in order of appearance, without repetition. SQL's special forms appear under the name of
    /// the function behind them where there is one, else under their own keyword in lower case (`current_timestamp`, `localtime`,
    /// `current_user`, `coalesce` is not a function and does not appear).
    pub functions: Vec<Name>,
    /// The columns it names, unqualified, in order of appearance, without repetition.
    pub columns: Vec<Ident>,
    /// The types it casts to, in order of appearance: a cast may call a function of its own.
    pub casts: Vec<super::TypeName>,
    /// Operators written by name, such as `+` or `@>`; comparisons, `AND`, `OR` and `NOT` included only when they are `OPERATOR(…)`.
    pub operators: Vec<Ident>,
    /// The relations read by subqueries inside it.
    pub relations: Vec<RelationUse>,
    /// What it is as a whole, when that matters.
    pub shape: ExprShape,
}

impl Expr {
    /// Whether it is a literal of any kind: a constant, `NULL` or `true`. Nothing is called and nothing is read.
    pub fn is_constant(&self) -> bool {
        matches!(self.shape, ExprShape::Constant | ExprShape::Null | ExprShape::True)
    }
}

/// What an expression is as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ExprShape {
    /// A literal, perhaps signed, perhaps cast.
    Constant,
    /// The literal `NULL`, perhaps cast.
    Null,
    /// `true`, or a comparison of equal constants such as `1 = 1`.
    True,
    /// A lone column.
    Column(Ident),
    /// A lone column cast to the type, as in `c::text` or `CAST(c AS text)`.
    CastColumn(Ident, Box<super::TypeName>),
    /// A conjunction of these `column IS NOT NULL` tests and comparisons, as far as they can be told; used to see whether a valid
    /// CHECK proves NOT NULL. The columns are those tested by a top-level conjunct `c IS NOT NULL`.
    NotNull(Vec<Ident>),
    /// A call of `nextval('sequence')` with a literal argument; the sequence, folded.
    NextVal(Name),
    /// Anything else.
    #[default]
    Other,
}
