"""How likely a text is to have been written by somebody: the evidence where bytes are valid in several encodings.

GBK, Big5, Shift-JIS and EUC-KR share their bytes, and each reads the others' text as characters, only not as such that
people write. A language is a rough mixture: a few words of administration and place names, the common characters,
the rest of its first standard set, and everything else. Differences of a few nats (natural logarithms of
probability) decide; a wrong reading is usually behind by ten a character.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from math import log
from re import compile as pattern

_ASCII = 0.004  # a character
_ODD = 1e-9  # of private use, unassigned, or foreign to the language altogether
_OUT_OF_PLACE = -3.0  # nats for a small Latin letter beside one of another script, an accent away from all …
_KNOWN_NAME = 8.0  # nats for a place name of the campaign that stands in the text

_PLACES = "省市县区旗州盟镇乡村组街道路社办事处居委会屯庄寨里巷号"
_COMMON = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
    "十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形"
    "相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展"
    "五果料象员革位入常文总次品式活设及管特件长求老头基资边流身级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战"
    "先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白"
    "教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且"
    "究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值"
    "号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严龙飞"
    "图斑监测核查编号面积类型前后时相备注耕地林园草住宅工矿仓储水域交通设施用公共管理服务推填土建筑物硬化堆在建拆除复垦变化疑似违法"
    "卫片影像田坝沟河湖塘库渠港桥站坪坡岭岗峰岩崖洞泉溪滩湾洲岛堡营店铺集坊桃柳杨松柏竹梅兰桂槐枣梨杏莲荷茶麻豆稻麦黄李刘陈赵"
    "吴徐孙胡朱郭何罗梁宋郑谢韩唐冯董萧曹邓曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪姜范姚谭廖邹熊陆郝孔崔康邱秦史顾侯邵孟龚常武"
    "宁永兴昌福祥瑞吉和顺庆丰泰康盛德仁义礼智忠孝秀丽春秋冬阳阴左右北京津沪渝冀晋辽吉黑苏浙皖闽赣鲁豫鄂湘粤琼川贵云陕甘青藏蒙桂疆"
)
_TRADITIONAL_PLACES = "省市縣區鎮鄉村里鄰路街段巷弄號莊屯"
_TRADITIONAL = (
    "的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說產種面而方後多定行學法所民得經"
    "十三之進著等部度家電力如水化高自二理起小物現實加量都兩體制機當使點從業本去把性好應開它合還因由其些然前外天政四日那社義事平形"
    "相全表間樣與關各重新線內數正心反你明看原又利比或但質氣第向道命此變條只沒結解問意建月公無系軍很情者最立代想已通並提直題黨程展"
    "台臺灣北南東西高雄新竹桃園苗栗彰化投雲林嘉義屏花蓮宜蘭澎湖金門連江基隆中山信正文松安萬華士港湖港土城板橋三重永和圖斑監測編號"
    "面積類型備註香港九龍島沙田荃元朗屯門觀塘測試土地使用建築農水池溪河山海岸岩石灘"
)
_KOREAN_PLACES = "시군구읍면동리도로길"
_KOREAN = (
    "가각간갈감갑강갖같개거건걸검것게겨결경계고곡공과관광교구국군권규그극근글금급기길김나남내너네년노녹논농는니다단달당대더덕도독돈돌동두"
    "드득든들등라락란람량러런려력련령로록료룡루류르른를름리림립마만말망매며면명모목무문물미민밀바박반발방배백버번벌범법변별병보복본봉부북분"
    "불비빈사산살삼상새생서석선설성세소속손송수순스승시식신실심쌍아안알암압애야양어언업에여역연열영예오옥온와완왕외용우운울원월위유육은을음"
    "의이인일임입있자작잔장재저적전점정제조종좌주죽중지직진질집차창채천철청체초촌총추축충치타탄태터토통특파판팔평포표품풍하학한할함합항해행향"
    "허현형혜호홍화환황회횡후훈흥희"
)
_JAPANESE_PLACES = "都道府県市区町村郡字番地丁目"
_KANA = "".join(map(chr, [*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), 0x30FC]))
_WIDE = "".join(map(chr, [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B)]))  # digits and capitals
_PUNCTUATION = "，。、（）《》〈〉【】“”‘’：；—…·！？％／＋－＝～　№㎡℃×°" + _WIDE
_ACCENTS = "àáâãäåæçèéêëìíîïñòóôõöøùúûüýßœÿ"
_CAPITALS = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒŸ"
_CENTRAL = "ąćčďęěłńňőřśťůűźżĄĆČŁŃŘŚŹŻ"  # of central Europe; without š and ž, which the western code pages have too
_LATIN_MARKS = "«»°·º²³ª§©®±½¼¿¡–—’‘“”…€"
_CYRILLIC = "".join(map(chr, range(0x430, 0x450))) + "ё"

_MIXED = pattern(r"[a-z](?=[^\x00-\u036f\u2000-\u206f])|[^\x00-\u036f\u2000-\u206f](?=[a-z])")
_APART = pattern(r"(?<![a-z])[\xa1-\u024f](?![a-z])")
_SHARP_S = pattern(r"(?<![aeiouyäöüAEIOUÄÖÜ])ß")  # what a code page of DOS makes of an á
_SCRIPTS = {"greek": 0x370, "armenian": 0x530, "hebrew": 0x590, "arabic": 0x600, "devanagari": 0x900, "thai": 0xE00}

Language = Mapping[str, float]  # character → nats


@cache
def languages() -> dict[str, Language]:
    """Nats of every known character by language; whatever is in none of its sets is odd."""
    punctuation = (0.05, _PUNCTUATION)
    gb1, gb2 = _square("gb2312", range(0xB0, 0xD8)), _square("gb2312", range(0xD8, 0xF8))
    big1, jis1 = _big5(), _square("euc_jp", range(0xB0, 0xD0))
    hanzi = (0.01, "".join(map(chr, range(0x4E00, 0x9FA6))))
    scripts = {name: _mixture((0.9, _letters(begin, begin + 0x80))) for name, begin in _SCRIPTS.items()}
    return scripts | {
        "simplified": _mixture((0.2, _PLACES), (0.45, _COMMON), (0.25, gb1), (0.04, gb2), hanzi, punctuation),
        "traditional": _mixture((0.2, _TRADITIONAL_PLACES), (0.4, _TRADITIONAL), (0.3, big1), hanzi, punctuation),
        "japanese": _mixture((0.2, _JAPANESE_PLACES), (0.3, _KANA), (0.4, jis1), hanzi, punctuation),
        "korean": _mixture((0.25, _KOREAN_PLACES), (0.45, _KOREAN), (0.2, _square("euc_kr", range(0xB0, 0xC9)))),
        "latin": _mixture(
            (0.6, _ACCENTS), (0.08, _CAPITALS), (0.15, _CENTRAL), (0.02, _LATIN_MARKS), (0.05, _letters(0x100, 0x250))
        ),
        "cyrillic": _mixture((0.7, _CYRILLIC), (0.1, _CYRILLIC.upper()), (0.01, _LATIN_MARKS)),
    }


def _mixture(*tiers: tuple[float, str]) -> Language:
    """Each tier's share spread evenly over its characters."""
    found: Counter[str] = Counter()
    for share, characters in tiers:
        once = sorted(set(characters))
        for one in once:
            found[one] += share / len(once)  # type: ignore[assignment]
    return {one: log(probability) for one, probability in found.items()}


def _letters(begin: int, end: int) -> str:
    return "".join(chr(one) for one in range(begin, end) if chr(one).isalpha())


def _square(encoding: str, leads: range) -> str:
    """The characters of some rows of a 94 × 94 set."""
    return "".join(bytes([lead, trail]).decode(encoding, "ignore") for lead in leads for trail in range(0xA1, 0xFF))


def _big5() -> str:
    """The common hanzi of Big5."""
    trails = [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
    return "".join(bytes([lead, trail]).decode("big5", "ignore") for lead in range(0xA4, 0xC7) for trail in trails)


def likelihood(texts: Iterable[str], names: Iterable[str] = (), tongues: Iterable[str] = ()) -> float:
    """The nats of texts in the language that fits them best (of all, or of `tongues`).

    `names` are places that may well stand in the texts.
    """
    together = "\n".join(texts)
    counted = Counter(together)
    plain = sum(times for one, times in counted.items() if one.isascii() and one != "\n") * log(_ASCII)
    others = [(one, times) for one, times in counted.items() if not one.isascii()]
    odd = log(_ODD)
    spoken = [languages()[one] for one in tongues or languages()]
    best = max(sum(times * known.get(one, odd) for one, times in others) for known in spoken)
    best += _OUT_OF_PLACE * sum(len(one.findall(together)) for one in (_MIXED, _APART, _SHARP_S))
    return plain + best + _KNOWN_NAME * sum(len(one) > 1 and one in together for one in set(names))
