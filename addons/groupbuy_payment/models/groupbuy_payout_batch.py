import csv
import io
import tempfile
import zipfile

import xlsxwriter
from openpyxl import load_workbook

from odoo import api, fields, models
from odoo.exceptions import UserError

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 20_000
# What people write into the column for the result.
PAID = {"paid", "ok", "success", "成功", "已付", "已付款", "已支付", "交易成功",
        "付款成功", "支付成功", "转账成功", "轉帳成功"}  # fmt: skip
FAILED = {"failed", "fail", "refused", "失败", "失敗", "交易失败", "付款失败",
          "付款失敗", "支付失败", "转账失败", "轉帳失敗"}  # fmt: skip
# Also said of what was paid, days later.
RETURNED = {"returned", "cameback", "退回", "退票", "已退回", "已退票"}
# What a payout's state already says.
SAME = {
    "paid": PAID,
    "failed": FAILED | RETURNED,
    "returned": PAID | RETURNED,
}


class GroupbuyPayoutBatch(models.Model):
    """Payouts that go to the bank as one file, each of them in one file only.

    The file holds full account numbers, so it is made anew for each download and
    stored nowhere.
    """

    _name = "groupbuy.payout.batch"
    _description = "Bank File"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _mail_post_access = "read"

    name = fields.Char(string="Number", required=True, readonly=True, copy=False)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    payout_ids = fields.One2many("groupbuy.payout", "batch_id", readonly=True)
    amount = fields.Monetary(string="Total", compute="_compute_amount")
    payout_count = fields.Integer(string="Payouts", compute="_compute_amount")
    open_count = fields.Integer(string="Without Answer", compute="_compute_amount")
    state = fields.Selection(
        [("open", "Waiting for the Bank"), ("done", "Done")],
        compute="_compute_state",
        store=True,
    )

    @api.depends("payout_ids.net_amount", "payout_ids.state")
    def _compute_amount(self):
        groups = self.env["groupbuy.payout"]._read_group(
            [("batch_id", "in", self.ids)],
            ["batch_id", "state"],
            ["net_amount:sum", "__count"],
        )
        amounts = dict.fromkeys(self, 0.0)
        counts, waiting = dict.fromkeys(self, 0), dict.fromkeys(self, 0)
        for batch, state, amount, count in groups:
            amounts[batch] += amount
            counts[batch] += count
            waiting[batch] += count if state == "sent" else 0
        for batch in self:
            batch.amount = amounts.get(batch, 0.0)
            batch.payout_count = counts.get(batch, 0)
            batch.open_count = waiting.get(batch, 0)

    @api.depends("payout_ids.state")
    def _compute_state(self):
        for batch in self:
            waiting = "sent" in batch.payout_ids.mapped("state")
            batch.state = "open" if waiting else "done"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get("name"):
                vals["name"] = self.env["ir.sequence"].next_by_code(
                    "groupbuy.payout.batch"
                )
        return super().create(vals_list)

    def _get_action(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "groupbuy_payment.groupbuy_payout_batch_action"
        )
        if len(self) == 1:
            action.update(
                res_id=self.id, view_mode="form", views=[(False, "form")], domain=[]
            )
        return action

    # === FILE === #

    def action_download(self):
        """:return: the action that downloads the bank file"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/groupbuy/payouts/{self.id}.xlsx",
            "target": "self",
        }

    def _get_columns(self):
        return [
            (self.env._("Payout"), 22),
            (self.env._("Account Holder"), 20),
            (self.env._("Account Number"), 26),
            (self.env._("Bank"), 20),
            (self.env._("Branch"), 24),
            (self.env._("Amount"), 12),
            (self.env._("Result"), 12),
            (self.env._("Bank's Reference"), 24),
            (self.env._("Reason"), 30),
        ]

    def _write_workbook(self):
        """Write what the bank is to pay; its answer goes into the last three columns.

        :return: an open temporary file
        :raise AccessError: the user is no operator
        """
        self.ensure_one()
        self.env.user._groupbuy_check_operator()
        self.check_access("read")
        self.message_post(body=self.env._("The bank file was downloaded."))
        file = tempfile.TemporaryFile(suffix=".xlsx")
        workbook = xlsxwriter.Workbook(file, {"constant_memory": True})
        head = workbook.add_format({"bold": True, "bottom": 1})
        money = workbook.add_format({"num_format": "0.00"})
        sheet = workbook.add_worksheet(self.name)
        sheet.freeze_panes(1, 0)
        for at, (title, width) in enumerate(self._get_columns()):
            sheet.set_column(at, at, width)
            sheet.write_string(0, at, title, head)
        # Numbers are opened for this file only.
        for row, payout in enumerate(self.payout_ids.sudo().sorted("id"), start=1):
            account = payout.account_id
            texts = [
                payout.name,
                account.holder,
                account.number,
                account.bank_name,
                account.bank_branch,
            ]
            for at, text in enumerate(texts):
                # Never a formula, whatever a payee has written; digits stay text.
                sheet.write_string(row, at, text or "")
            sheet.write_number(row, len(texts), payout.net_amount, money)
        workbook.close()
        return file

    # === ANSWER === #

    def _import_answer(self, name, content):
        """Note what the bank says about the payouts of these files.

        The columns are recognised by the titles of the bank file, in the language of
        the user; all others are passed over. Rows without a result are too. All rows
        are checked before any is noted.

        :param str name: of an Excel workbook (.xlsx) or a CSV file
        :param bytes content: at most 10 MB
        :return: {"paid": int, "failed": int, "returned": int: after it was paid}
        :raise UserError: what is wrong, and in which row
        """
        rows = self._read_rows(name, content)
        paid, failed, returned, problems = {}, {}, {}, []
        seen = set()
        payouts = self.payout_ids.grouped("name")
        for at, number, result, reference, reason in rows:
            payout = payouts.get(number)
            if not result:
                continue
            if payout and result in SAME.get(payout.state, ()):
                # The same answer once more.
                continue
            came_back = result in RETURNED and payout and payout.state == "paid"
            if came_back and number not in seen:
                returned[payout] = reason or self.env._("The bank returned it.")
            elif not payout or number in seen or payout.state != "sent":
                problems.append(
                    self.env._("Row %(row)s: %(number)s.", row=at, number=number)
                )
            elif result in PAID:
                paid[payout] = reference
            elif result in FAILED | RETURNED:
                failed[payout] = reason or self.env._("The bank refused it.")
            else:
                problems.append(
                    self.env._(
                        "Row %(row)s: %(result)s is neither paid nor failed.",
                        row=at,
                        result=result,
                    )
                )
            seen.add(number)
        if problems:
            raise UserError(
                self.env._(
                    "Nothing was noted. These rows are not payouts of this file that "
                    "wait for an answer, or are there twice:"
                )
                + "\n"
                + "\n".join(problems[:20])
            )
        payout_model = self.env["groupbuy.payout"]
        for payout, reference in paid.items():
            payout_model.browse(payout.id).action_mark_paid(reference)
        for payout, reason in failed.items():
            payout_model.browse(payout.id).action_mark_failed(reason)
        for payout, reason in returned.items():
            payout_model.browse(payout.id).action_came_back(reason)
        return {"paid": len(paid), "failed": len(failed), "returned": len(returned)}

    def _read_rows(self, name, content):
        """:return: [(row number, payout, result, reference, reason)]"""
        if len(content) > MAX_BYTES:
            raise UserError(self.env._("The file is over 10 MB."))
        table = self._read_table(name or "", content)
        titles = [title for title, _width in self._get_columns()]
        wanted = [titles[0], *titles[6:]]
        head = next(table, ())
        at = {_fold(title): index for index, title in enumerate(head) if title}
        if _fold(wanted[0]) not in at or _fold(wanted[1]) not in at:
            raise UserError(
                self.env._(
                    "The first row must have the titles %(payout)s and %(result)s.",
                    payout=wanted[0],
                    result=wanted[1],
                )
            )
        rows = []
        for number, row in enumerate(table, start=2):
            if number > MAX_ROWS:
                raise UserError(self.env._("The file has too many rows."))
            texts = [
                str(row[at[key]]).strip()
                if key in at and at[key] < len(row) and row[at[key]] is not None
                else ""
                for key in map(_fold, wanted)
            ]
            if texts[0]:
                rows.append((number, texts[0], _fold(texts[1]), *texts[2:]))
        return rows

    def _read_table(self, name, content):
        """:return: iterator over the rows of a workbook's first sheet, or of a CSV"""
        if not name.lower().endswith((".xlsx", ".csv")):
            raise UserError(
                self.env._("Choose an Excel workbook (.xlsx) or a CSV file.")
            )
        try:
            if name.lower().endswith(".xlsx"):
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    size = sum(entry.file_size for entry in archive.infolist())
                if size > 10 * MAX_BYTES:
                    raise UserError(self.env._("The file is over 10 MB."))
                book = load_workbook(io.BytesIO(content), read_only=True)
                return iter(list(book.worksheets[0].iter_rows(values_only=True)))
            try:
                text = content.decode("utf-8-sig")
            except UnicodeDecodeError:
                # What banks and Excel write on Chinese computers.
                text = content.decode("gb18030")
            return iter(list(csv.reader(io.StringIO(text))))
        except (
            zipfile.BadZipFile,
            KeyError,
            OSError,
            ValueError,
            IndexError,
            csv.Error,
        ) as error:
            raise UserError(self.env._("The file cannot be read.")) from error


def _fold(text):
    return "".join(str(text).split()).casefold()
