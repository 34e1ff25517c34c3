"""What is said of damaged files, in words that are the same in every run."""

from qwenocr_assets.workers import words
from qwenocr_assets.workers.words import Fault, Words

DECODER_WORDS: Words = {
    Fault.SLOW: (
        "Decoding it took longer than {} seconds.",
        "Export or scan it again; a very large page needs a higher decoder_seconds.",
    ),
    Fault.LARGE: (
        "It needs more memory than the {} MiB of a decoder.",
        "Export or scan it smaller, or raise decoder_memory_mb.",
    ),
    Fault.CRASHED: (
        "It crashed its decoder ({}).",
        "It is damaged, or needs more memory than decoder_memory_mb: export or scan it again.",
    ),
    Fault.FAILED: (
        "Decoding it failed unexpectedly ({}).",
        "Export or scan it again, and please report it.",
    ),
}


def plain_words(error: BaseException) -> str:
    """A decoder's error as `workers.words` has it, the commonest in plainer words."""
    said = words.plain_words(error)
    return "its header is damaged" if said == "cannot identify image file" else said
