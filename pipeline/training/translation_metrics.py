"""How good translations are: BLEU, and how many are exactly right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from pipeline.core.pairs import Pair

SACREBLEU = "sacrebleu"
WORDS = 4  # that BLEU counts together


@dataclass(frozen=True)
class TranslationScore:
    """right: which ones equal the reference; bleu: 0 to 100, None without sacrebleu, and where most
    texts are shorter than the four words that it counts together."""

    right: tuple[bool, ...]
    bleu: float | None

    @property
    def exact(self) -> float:
        """The share that equals the reference."""
        return sum(self.right) / len(self.right)


def score_translations(pairs: Sequence[Pair], translations: Sequence[str]) -> TranslationScore:
    """Compare translations with their references.

    BLEU is that of sacrebleu (Post 2018, arXiv:1804.08771), so that it can be compared with
    published figures. A text with several references counts as right if it equals one of them.
    """
    references: dict[str, set[str]] = {}
    for pair in pairs:
        references.setdefault(pair.source, set()).add(pair.target)
    right = tuple(
        text in references[pair.source] for pair, text in zip(pairs, translations, strict=True)
    )
    return TranslationScore(right, _bleu(pairs, translations))


def _bleu(pairs: Sequence[Pair], translations: Sequence[str]) -> float | None:
    long = sum(len(pair.target.split()) >= WORDS for pair in pairs)
    if find_spec(SACREBLEU) is None or long < len(pairs) / 2:
        return None
    import sacrebleu

    score = sacrebleu.corpus_bleu(list(translations), [[pair.target for pair in pairs]])
    return float(score.score)
