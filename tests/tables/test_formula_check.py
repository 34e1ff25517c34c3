"""Formulas that can be set, and what is wrong with the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.tables.formula_check import formula_problem


@pytest.mark.parametrize(
    "latex",
    [
        *("x", "", r"x^{2}_i", r"\left( x \right)", r"\sqrt[3]{x}", r"x'' \,", r"^\dagger", r"\{ a \}"),
        *(r"\sum_{i=1}^{n} x_i^2", r"\frac{-b \pm \sqrt{b^2 - 4ac}}{2a}", r"\text{a $b$ c & d}"),
        *(
            r"\begin{array}{c} 1 & 2 \\ 3 \end{array}",
            r"\begin{align}a&=b\\c&=d\end{align}",
            r"\cases{a & b}",
        ),
        r"\tilde { Q } ( x ) : = \frac { 2 } { \pi } \Omega , \tilde { T } : = T",
    ],
)
def test_well_formed(latex: str) -> None:
    assert formula_problem(latex) is None


@pytest.mark.parametrize(
    ("latex", "problem"),
    [
        (r"\frac{1}{2", "something is left open: a brace, an environment, or a command without its argument"),
        (r"\frac{1}", "something is left open: a brace, an environment, or a command without its argument"),
        (
            r"\begin{array}{c} 1",
            "something is left open: a brace, an environment, or a command without its argument",
        ),
        (r"\begin{a}x\end{b}", "Unexpected mismatching closing environment: 'b', was expecting 'a'"),
        ("a}b", "Unexpected mismatching closing brace: '}'"),
        (r"\left( x", r"a \left without its \right"),
        (r"x \right)", r"a \right without its \left"),
        ("x^a^b", "two superscripts on one base"),
        ("x_a^b_c", "two subscripts on one base"),
        ("y^{x_a_b}", "two subscripts on one base"),
        ("x^", "a ^ with nothing behind it"),
        ("a & b", "an & outside of any alignment"),
    ],
)
def test_what_is_wrong(latex: str, problem: str) -> None:
    assert formula_problem(latex) == problem


@given(st.text(r"{}\$&^_[]abfrclet 1", max_size=30) | st.text())
def test_any_text_is_judged(latex: str) -> None:
    formula_problem(latex)
