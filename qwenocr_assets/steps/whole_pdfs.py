"""Whole PDFs of a batch as its steps see them: what its journals answer, and where the files are read."""

from collections.abc import Mapping
from functools import partial
from urllib.parse import quote

from qwenocr_assets.asking.batch_answers import PdfQuestion
from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.asking.whole_pdfs import Judges, WholePdf, WholePdfs
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.imaging.pdf.attachments import read_embedded
from qwenocr_assets.intake.files import read_unchanged
from qwenocr_assets.intake.urls.listed_documents import readable
from qwenocr_assets.qwenocr.pdfs import Pdf, PdfAt, PdfBytes
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.rows import AcceptedDocumentRow, OcrRequestRow, PageRow
from qwenocr_assets.schemas import DOCUMENTS, is_accepted
from qwenocr_assets.storage.table_files import read_table
from qwenocr_assets.tables.completeness import incomplete, said_of_no_page


def whole_pdfs(
    requests: list[OcrRequestRow], latest: Mapping[str, AnswerRecord], pages: list[PageRow]
) -> WholePdfs:
    """The whole PDFs among rows of `ocr_requests`, as these records of the journals answer them."""
    blank = {page["page_id"] for page in pages if page.get("is_blank")}
    return WholePdfs(requests, latest, blank, Judges(incomplete, said_of_no_page))


def pdf_questions(environment: Environment, batch_id: str, pdfs: WholePdfs) -> list[PdfQuestion]:
    """What is to be asked about whole."""
    due = list(pdfs.due())
    if not due:
        return []
    data = environment.data
    accepted = [d for d in read_table(data, DOCUMENTS, batch_id) if is_accepted(d)]
    documents = {d["document_id"]: d for d in readable(data, accepted)}
    return [_question(environment, documents[pdf.rows[0]["document_id"]], pdf) for pdf in due]


def _question(environment: Environment, document: AcceptedDocumentRow, pdf: WholePdf) -> PdfQuestion:
    options = RequestOptions.from_json(pdf.rows[0]["options"]).for_pdf(pdf.pages)
    base_url = environment.routes_by_name[document["route"]].whole_pdf_url
    address = None if base_url is None else f"{base_url.rstrip('/')}/{quote(document['name'])}"
    passwords = environment.recipes[document["route"]].passwords
    return PdfQuestion(pdf.key, pdf.task, partial(_read, document, pdf.pages, address, passwords), options)


def _read(document: AcceptedDocumentRow, pages: int, address: str | None, passwords: tuple[str, ...]) -> Pdf:
    """Raises `RejectedInput` for a file that cannot be read, or is no longer what it was."""
    if address is not None:
        return PdfAt(address, pages)
    content = read_unchanged(
        document["uri"], document["sha256"], read_embedded=partial(read_embedded, passwords=passwords)
    )
    return PdfBytes(content, pages)
