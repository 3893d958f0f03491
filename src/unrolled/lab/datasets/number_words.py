"""The numbers from 0 to 99 as words, in English and in German."""

from __future__ import annotations

_SMALL = {
    "english": "zero one two three four five six seven eight nine ten eleven twelve "
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "german": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf "
    "dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
}
_TENS = {
    "english": "twenty thirty forty fifty sixty seventy eighty ninety",
    "german": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
}
COUNT = 100
"""How many numbers there are: 0 to 99."""


def english(number: int) -> str:
    """The English word, as in "twenty-one". Raises ValueError outside of 0 to 99."""
    tens, ones = _split_number(number)
    small = _SMALL["english"].split()
    if number < 20:
        return small[number]
    word = _TENS["english"].split()[tens - 2]
    return f"{word}-{small[ones]}" if ones else word


def german(number: int) -> str:
    """The German word, as in "einundzwanzig". Raises ValueError outside of 0 to 99."""
    tens, ones = _split_number(number)
    small = _SMALL["german"].split()
    if number < 20:
        return small[number]
    word = _TENS["german"].split()[tens - 2]
    first = "ein" if ones == 1 else small[ones]
    return f"{first}und{word}" if ones else word


def _split_number(number: int) -> tuple[int, int]:
    if not 0 <= number < COUNT:
        raise ValueError(
            f"{number}: only numbers from 0 to {COUNT - 1} have words here"
        )
    return divmod(number, 10)
