"""Made-up names in several tongues and scripts. Artists are made of syllables, so that none is anybody's name."""

from dataclasses import dataclass

from pyspotify_assets.spotify.sample.dice import Dice


@dataclass(frozen=True)
class Tongue:
    """The words that the names of one tongue are made of; `patterns` are those of a track's title."""

    syllables: tuple[str, ...]
    nouns: tuple[str, ...]
    colours: tuple[str, ...]
    patterns: tuple[str, ...] = ("{noun} {colour}", "{noun}", "{noun}, {other}", "{noun} & {other}")
    bands: tuple[str, ...] = ("{a} {b}", "{a}")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


INVENTED = Tongue(
    _words("vel mor tan qui zer lum bra nys kar oli fen dra sol ith pra wen dax ombe rill tova sketh lio"),
    _words("Lanterns Gravity Paperboats Velvet Harbour Static Orchard Mercury Staircase Northwind Afterglow Copper"),
    _words("Tonight Again Underwater Forever Sideways Unfolding Backwards Tomorrow Electric Slowly"),
    (
        "{noun} {colour}",
        "{colour} {noun}",
        "{noun}",
        "Don't {colour}, {noun}",
        'The "{noun}" Song',
        "{noun} of {other}",
    ),
    ("{a} {b}", "{a}", "The {a}s", "{a} & {b}", "DJ {a}", "{a}, the {b}"),
)
PORTUGUESE = Tongue(
    _words("que lim bão tchu ara pinga jão moli nhá cuca zéli bru tava lua çara"),
    _words("Maré Coração Manhã Luar Varanda Ônibus Sertão Avenida Canção Solidão Jangada Açaí Chuva"),
    _words("Azul Vazia Breve Sã Distante Única Lilás Ímpar"),
    ("{noun} {colour}", "{noun}", "{noun} e {other}", "Não Há {noun}", "{noun}, {other} (Ao Vivo)"),
    ("{a} {b}", "MC {a}", "Os {a}s", "{a} e {b}"),
)
SPANISH = Tongue(
    _words("ñan rue quí zal bor cha lié mon tur ájo pel gua viñ"),
    _words("Corazón Niebla Ciudad Mañana Sueño Camión Luciérnaga Balcón Otoño Señal"),
    _words("Ajena Perdida Frágil Última Roja Íntima"),
    ("{noun} {colour}", "¿{noun}?", "{noun} y {other}", "¡{noun}!", "La {noun}"),
    ("{a} {b}", "Los {a}", "{a} y {b}"),
)
NORDIC = Tongue(
    _words("skø bjå lyng frø vås træ hjö sný øst kær ålg fjö"),
    _words("Måne Fjære Snø Hjärta Älv Ljós Øy Søster Åska Kväll Røyk"),
    _words("Blå Nær Död Grønn Stjärnklar Hvít"),
)
EASTERN = Tongue(
    _words("ミ ラ ソ ノ カ ゼ ル 하 늘 별 솔 月 空 雨"),
    _words("月 夜空 雨音 星屑 바람 하늘 별빛 海辺 桜道"),
    _words("の歌 の夢 へ 의밤"),
    ("{noun}{colour}", "{noun}", "{noun}と{other}", "{noun}（{other}）"),
    ("{a}{b}", "{a}・{b}"),
)
RIGHT_TO_LEFT = Tongue(
    _words("שי לו מר תל נו قم لي سا نو ري"),
    _words("לילה ים אור גשם قمر بحر نجمة مطر"),
    _words("כחול רחוק بعيد جديد"),
)
_TONGUES = (
    (0.46, INVENTED),
    (0.68, PORTUGUESE),
    (0.84, SPANISH),
    (0.93, NORDIC),
    (0.98, EASTERN),
    (1.0, RIGHT_TO_LEFT),
)


def pick_tongue(dice: Dice) -> Tongue:
    """One tongue, some more often than others."""
    fraction = dice.fraction()
    return next(tongue for share, tongue in _TONGUES if fraction < share)


def artist_name(tongue: Tongue, dice: Dice) -> str:
    """The made-up name of an artist or band."""

    def invented() -> str:
        return "".join(dice.pick(tongue.syllables) for _ in range(dice.whole(2, 3))).capitalize()

    return dice.pick(tongue.bands).format(a=invented(), b=invented())


def title(tongue: Tongue, dice: Dice) -> str:
    """The made-up title of a track or album."""
    pattern = dice.pick(tongue.patterns)
    plain = pattern.format(
        noun=dice.pick(tongue.nouns), colour=dice.pick(tongue.colours), other=dice.pick(tongue.nouns)
    )
    ending = dice.fraction()
    if ending < 0.03:
        return f"{plain} - Remix"
    if ending < 0.05:
        return f"{plain} {dice.pick('🌙🔥💔🌊✨')}"
    if ending < 0.07:
        return f"{plain} (Sped Up)"
    return plain
