"""Answers that are no answer: each kind is not ok, says why, and gives no row; and what only looks like one."""

import json
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.completeness import incomplete
from qwenocr_assets.tables.flatten import AnsweredPage, flatten

KIE = Task.KEY_INFORMATION_EXTRACTION
LINES = Task.ADVANCED_RECOGNITION
TABLE = Task.TABLE_PARSING
DOCUMENT = Task.DOCUMENT_PARSING
FORMULA = Task.FORMULA_RECOGNITION
TEXT = Task.TEXT_RECOGNITION
FREE = Task.CUSTOM_PROMPT


def rows(task: Task, answer: Answer) -> list[Any]:
    page = AnsweredPage("batch", "document", "page", (1000, 1000), {task: ("key", answer)})
    return [row for table in flatten(page).values() for row in table]


def lines(text: str, task: Task = TEXT) -> list[str]:
    return [row["text"] for row in rows(task, Answer(text))]


REFUSALS = {
    "en": (
        "I'm sorry, I can't assist with that request.",
        "I’m unable to process this image. Please upload it again.",
        "As an AI language model, I cannot view images.",
    ),
    "zh": (
        "抱歉，我无法识别这张图片中的文字。",
        "作为一个人工智能语言模型，我无法查看图片。",
        "對不起，我無法處理此圖像。",
    ),
    "ja": (
        "申し訳ありませんが、この画像を読み取ることができません。",
        "すみません、お手伝いできません。画像が見えません。",
    ),
    "ko": (
        "죄송합니다. 이 이미지의 텍스트를 읽을 수 없습니다.",
        "죄송하지만 해당 요청을 도와드릴 수 없습니다.",
    ),
    "de": (
        "Es tut mir leid, aber ich kann bei dieser Anfrage nicht helfen.",
        "Leider kann ich das Bild nicht lesen.",
    ),
    "fr": (
        "Je suis désolé, mais je ne peux pas répondre à cette demande.",
        "Désolé, je ne peux pas lire cette image.",
    ),
    "es": ("Lo siento, pero no puedo ayudar con esa solicitud.", "No puedo procesar esta imagen."),
    "it": (
        "Mi dispiace, non posso aiutarti con questa richiesta.",
        "Non riesco a leggere il testo nell'immagine.",
    ),
    "pt": (
        "Desculpe, mas não posso ajudar com esse pedido.",
        "Sinto muito, não consigo processar esta imagem.",
    ),
    "ru": (
        "Извините, я не могу помочь с этим запросом.",
        "К сожалению, я не могу распознать текст на изображении.",
    ),
    "vi": ("Xin lỗi, tôi không thể hỗ trợ yêu cầu này.", "Rất tiếc, tôi không thể đọc hình ảnh này."),
    "ar": ("عذرًا، لا أستطيع المساعدة في هذا الطلب.", "آسف، لا يمكنني قراءة النص في الصورة."),
    "pl": ("Przepraszam, ale nie mogę pomóc w tej prośbie.",),
    "tr": ("Üzgünüm, bu isteğinizi yerine getiremem.",),
    "th": ("ขออภัย ฉันไม่สามารถช่วยเหลือคำขอนี้ได้",),
    "hi": ("मुझे खेद है, मैं इस अनुरोध में मदद नहीं कर सकता।",),
}


@pytest.mark.parametrize("task", [TEXT, LINES, TABLE, DOCUMENT, FORMULA, KIE, FREE])
@pytest.mark.parametrize("text", [text for texts in REFUSALS.values() for text in texts])
def test_a_refusal_is_no_answer(task: Task, text: str) -> None:
    answer = Answer(text)
    assert (incomplete(task, answer) or "").startswith("the model refused: ")
    assert rows(task, answer) == []


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (KIE, '{"error": "I\'m sorry, I can\'t assist with that request."}'),
        (KIE, '```json\n{"status": "error", "message": "申し訳ありませんが、画像を読み取れません。"}\n```'),
        (TABLE, "<table><tr><td>Извините, я не могу прочитать изображение.</td></tr></table>"),
        (TABLE, "```html\n<p>Lo siento, no puedo procesar esta imagen.</p>\n```"),
        (
            DOCUMENT,
            "\\documentclass{article}\n\\begin{document}\n抱歉，我无法识别这张图片。\n\\end{document}",
        ),
        (FORMULA, "$$\\text{I'm sorry, I can't read the image.}$$"),
        (TEXT, "<think>Hm.</think>Es tut mir leid, ich kann das Bild nicht lesen."),
        (TEXT, "I'm sorry, I can't help with this image. You could:\n- upload it again\n- describe it to me"),
        (TEXT, "Note: I'm unable to read the text in this image."),
    ],
)
def test_a_refusal_is_found_in_any_wrapping(task: Task, text: str) -> None:
    assert (incomplete(task, Answer(text)) or "").startswith("the model refused: ")
    assert rows(task, Answer(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Dear Sir,\nI am sorry that I cannot process your request.\nYours sincerely,\nJ. Smith",
        "I'm sorry for your loss.\nWith kind regards\nAnna",
        "I am sorry, but I cannot attend the meeting on Friday.",
        "Sorry we missed you\nWe could not deliver your document\nCall 0800 123",
        "Sorry, this page could not be found.",
        "Unfortunately the goods were damaged.\nPlease find our credit note attached.",
        "很抱歉，本店今日休息。",
        "申し訳ございませんが、本日は休業いたします。",
        "죄송합니다. 오늘은 영업하지 않습니다.",
        "Leider war niemand zu Hause. Wir konnten Ihr Paket nicht zustellen.",
        "Malheureusement, le train de 8 h 12 est supprimé.",
        "К сожалению, рейс отменён.",
        "عذرا، المحل مغلق اليوم.",
        "Image 1: The old town hall\nRequest for quotation",
        "The user wants a refund.",
        "Here is the news:\nNothing happened",
        "¡Claro!\nNueva tarifa",
    ],
)
def test_what_a_page_says_is_no_refusal(text: str) -> None:
    assert incomplete(TEXT, Answer(text)) is None
    assert lines(text) == text.splitlines()


TRUTHS = sorted((Path(__file__).parents[2] / "data" / "truth").rglob("*.json"))


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda path: path.stem)
def test_what_the_samples_say_is_an_answer_in_every_language(truth: Path) -> None:
    for page in json.loads(truth.read_text(encoding="utf-8")).get("pages", []):
        said = [line["text"] for line in page["lines"]]
        for text in ("\n".join(said), *said):
            assert incomplete(TEXT, Answer(text)) is None
            assert lines(text) == text.splitlines()


@pytest.mark.parametrize(
    ("task", "text", "reason"),
    [
        (TEXT, "<think>The user wants the text", "the answer holds no more than the model's thoughts"),
        (KIE, "<think>用户要求提取</think>\n", "the answer holds no more than the model's thoughts"),
        (TABLE, "[THINK]Пользователь хочет таблицу", "the answer holds no more than the model's thoughts"),
        (TEXT, "The user wants me to transcribe the text in the image. First", "the model thinks aloud"),
        (TEXT, "好的，用户要求我提取图片中的文字。首先我看到", "the model thinks aloud"),
        (TEXT, "ユーザーは画像のテキストを抽出してほしいと言っています。", "the model thinks aloud"),
        (TEXT, "![](https://bucket.oss-cn-beijing.aliyuncs.com/a.png)", "the answer is a picture's address"),
        (DOCUMENT, "![图片](https://example.org/一.jpg)\n\n![](b.png)", "the answer is a picture's address"),
        (KIE, '{"image": "https://example.org/a.png?sign=1"}', "the answer is a picture's address"),
        (LINES, "data:image/png;base64,iVBORw0KGgo=", "the answer is a picture's address"),
        (TEXT, "There is no text in the image.", "the model speaks of the page instead of reading it"),
        (TEXT, "图片中没有文字。", "the model speaks of the page instead of reading it"),
        (TEXT, TEXT.spec.prompt, "the answer repeats what was asked"),
        *(
            (task, said, "the model speaks of the page instead of reading it")
            for task, said in (
                (TEXT, "None"),
                (DOCUMENT, "N/A."),
                (TEXT, "[blank]"),
                (TEXT, "..."),
                (TEXT, "無"),
            )
        ),
        (DOCUMENT, "На изображении нет текста.", "the model speaks of the page instead of reading it"),
        (TABLE, "The image shows a cat.", "the answer holds no table: “The image shows a cat.”"),
        (TABLE, "这张图片是一只猫。", "the answer holds no table"),
        (TABLE, "<table></table>", "the answer holds no table"),
        (TABLE, '[{"rotate_rect": [1, 2, 3, 4, 5], "text": "a"}]', "the answer is a list of lines"),
        (FORMULA, "The picture shows no formula", "the answer holds no formula"),
        (FORMULA, "图片中没有公式。", "the answer holds no formula"),
    ],
)
def test_what_gives_no_row_says_why(task: Task, text: str, reason: str) -> None:
    assert (incomplete(task, Answer(text)) or "").startswith(reason)
    assert rows(task, Answer(text)) == []


@pytest.mark.parametrize("text", ["", "[]", "```json\n[\n\n]\n```"])
def test_a_page_without_text_has_an_answer(text: str) -> None:
    assert incomplete(LINES, Answer(text)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>The user wants the text.</think>\nInvoice 417", ["Invoice 417"]),
        ("用户要提取文字。</think>\n\n发票 417", ["发票 417"]),
        ("◁think▷…◁/think▷Счёт 417", ["Счёт 417"]),
        ("<think>a</think><think>b</think>\nفاتورة", ["فاتورة"]),
        ("Here is the extracted text:\n\nInvoice 417\nTotal 12.50", ["Invoice 417", "Total 12.50"]),
        ("Sure! Here's the text from the image:\n```\nA\nB\n```\nLet me know if you need more.", ["A", "B"]),
        ("以下是图片中的文字：\n发票 417", ["发票 417"]),
        ("画像に書かれているテキストは以下の通りです：\n請求書", ["請求書"]),
        ("Voici le texte extrait :\n\nFacture 417\n\nN'hésitez pas si besoin.", ["Facture 417"]),
        ("**Текст на изображении:**\nСчёт 417", ["Счёт 417"]),
        ("Invoice 417\n![](https://example.org/a.png)\nTotal", ["Invoice 417", "Total"]),
        ("The rates:\nA 5\nB 6", ["The rates:", "A 5", "B 6"]),
        ("see https://example.org/a.png", ["see https://example.org/a.png"]),
    ],
)
def test_words_around_an_answer_are_stepped_over(text: str, expected: list[str]) -> None:
    assert incomplete(TEXT, Answer(text)) is None
    assert lines(text) == expected


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (TEXT, "Total 12.50\n" * 300),
        (TEXT, "合計金額\n" * 60),
        (TEXT, "the cat sat " * 200),
        (TEXT, "谢谢惠顾" * 100),
        (TEXT, "." * 5000),
        (TEXT, "\n".join(f"{n}. السعر الكلي" for n in range(60))),
        (TEXT, "Name\nAddress of the buyer\nCity\n" * 40),
        (TABLE, "<table>" + "<tr><td>Канат</td><td>2</td></tr>" * 60 + "</table>"),
        (TABLE, "| a |\n|---|\n" + "| Rope of hemp |\n" * 40),
        (KIE, '{"items": [' + ", ".join(['{"name": "縄ロープ"}'] * 40) + "]}"),
        (DOCUMENT, "\\begin{tabular}{l}" + "Rope and bolt & 5 \\\\\n" * 50 + "\\end{tabular}"),
        (FORMULA, "$$" + "\\quad" * 300 + "$$"),
    ],
)
def test_a_loop_that_ends_by_itself_is_partial(task: Task, text: str) -> None:
    assert "times over: “" in (incomplete(task, Answer(text)) or "")
    assert rows(task, Answer(text))


@pytest.mark.parametrize(
    "text",
    [
        "0.00\n" * 30,
        "Yes\n" * 10,
        "Chapter 1 ........................................ 12\n" * 3,
        "\n".join(f"V{n} Dead load {n * 7}.50" for n in range(300)),
        "ACME Ltd\n1 High Street\nLondon\n" * 8,
        "|" + "-" * 120,
    ],
)
def test_what_pages_repeat_is_no_loop(text: str) -> None:
    assert incomplete(TEXT, Answer(text)) is None


@pytest.mark.parametrize(("marching", "is_loop"), [(False, True), (True, False)])
def test_the_same_line_at_the_same_place_is_a_loop(marching: bool, is_loop: bool) -> None:
    quads = [Quad(1.0, 1.0 + 30 * n * marching, 9.0, 1.0, 9.0, 5.0, 1.0, 5.0) for n in range(30)]
    answer = Answer("", words=tuple(Word("Total 12.50", quad, None) for quad in quads))
    assert (incomplete(LINES, answer) is not None) is is_loop


@pytest.mark.parametrize(
    ("task", "text", "reason"),
    [
        (TEXT, "See $x^2$ and $\\alpha", "the formula ends without $"),
        (TEXT, "面积为 $$\\frac{a}{b}", "the formula ends without $$"),
        (DOCUMENT, "Пусть $x$ и $y + z", "the formula ends without $"),
        (DOCUMENT, "First \\( x^{2}", "the formula ends without \\)"),
        (DOCUMENT, "Then \\[ \\int x", "the formula ends without \\]"),
        (TEXT, "\\begin{aligned} x", "the LaTeX ends without \\end{aligned}"),
        (TEXT, "costs $5, $6 and $7", None),
        (TEXT, "US$ 5 a Ke$ha", None),
        (TEXT, "小计 $5\n$x$ 和 $y$", None),
        (DOCUMENT, "Let $x$ be $5 or more, $y$ too.", None),
    ],
)
def test_what_is_left_open(task: Task, text: str, reason: str | None) -> None:
    assert incomplete(task, Answer(text)) == reason
