from unittest.mock import patch

from cryptography.fernet import Fernet, InvalidToken

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from .wechat_platform import make_key, private_pem

PEM = private_pem(make_key("merchant"))


@tagged("post_install", "-at_install")
class TestVault(TransactionCase):
    """Secrets are encrypted in the database, and their key can be changed."""

    def setUp(self):
        super().setUp()
        self.first, self.second = (Fernet.generate_key().decode() for _key in range(2))
        self._use(self.first)
        self.vault = self.env["groupbuy.vault"]
        # What this database may hold was sealed with other keys.
        for column in self.env["payment.provider"]._get_sealed_columns():
            self.env.cr.execute(
                SQL("UPDATE payment_provider SET %s = NULL", SQL.identifier(column))
            )
        self.provider = self.env["payment.provider"].create(
            {"name": "WeChat", "code": "wechat_pay", "wechat_private_key": PEM}
        )

    def _use(self, *keys):
        environment = {"GROUPBUY_SECRET_KEYS": ",".join(keys)}
        self.enterContext(patch.dict("os.environ", environment))
        self.env.invalidate_all()

    def _get_column(self):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT wechat_private_key_sealed FROM payment_provider WHERE id = %s",
            [self.provider.id],
        )
        return self.env.cr.fetchone()[0]

    def test_database_holds_no_plain_secret(self):
        column = self._get_column()
        self.assertNotIn("PRIVATE KEY", column)
        self.assertEqual(Fernet(self.first).decrypt(column).decode(), PEM)
        self.env.invalidate_all()
        self.assertEqual(self.provider.wechat_private_key, PEM)
        self.env.cr.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'payment_provider'"
        )
        columns = {name for (name,) in self.env.cr.fetchall()}
        self.assertNotIn("wechat_private_key", columns)

    def test_secrets_can_be_taken_away_and_are_not_copied(self):
        self.assertFalse(self.provider.copy().wechat_private_key)
        self.provider.wechat_private_key = False
        self.assertFalse(self._get_column())

    def test_secrets_are_not_exported(self):
        fields = self.provider.fields_get(attributes=["exportable"])
        for name in ("wechat_private_key", "wechat_private_key_sealed"):
            self.assertFalse(fields[name]["exportable"])

    def test_only_administrators_read_secrets(self):
        user = self.env["res.users"].create(
            {
                "name": "Operator",
                "login": "gb_vault_operator",
                "group_ids": [(4, self.ref("community_groupbuy.group_operator"))],
            }
        )
        for name in ("wechat_private_key", "wechat_private_key_sealed"):
            with self.assertRaises(UserError):
                self.provider.with_user(user).read([name])

    def test_without_a_key_the_error_says_what_to_do(self):
        self._use("")
        for attempt in (
            lambda: self.provider.wechat_private_key,
            lambda: self.vault._seal("x"),
        ):
            with self.assertRaisesRegex(UserError, "set GROUPBUY_SECRET_KEYS"):
                attempt()

    def test_malformed_keys_are_refused(self):
        for key in ("short", "ü" * 44, f"{self.first},x"):
            self._use(key)
            with self.assertRaisesRegex(UserError, "malformed"):
                self.vault._seal("x")

    def test_a_wrong_key_opens_nothing(self):
        self._use(self.second)
        with self.assertRaisesRegex(UserError, "cannot be decrypted"):
            self.provider.mapped("wechat_private_key")

    def test_rotation_seals_everything_with_the_first_key(self):
        archived = self.env["payment.provider"].create(
            {"name": "Other", "code": "wechat_pay", "wechat_apiv3_key": "0" * 32}
        )
        self._use(self.second, self.first)
        self.assertEqual(self.provider.wechat_private_key, PEM)
        self.assertGreaterEqual(self.vault._rotate(), 2)
        column = self._get_column()
        self.assertEqual(Fernet(self.second).decrypt(column).decode(), PEM)
        with self.assertRaises(InvalidToken):
            Fernet(self.first).decrypt(column)
        self._use(self.second)
        self.assertEqual(self.provider.wechat_private_key, PEM)
        self.assertEqual(archived.wechat_apiv3_key, "0" * 32)

    def test_rotation_without_the_old_key_changes_nothing(self):
        before = self._get_column()
        self._use(self.second)
        with self.assertRaisesRegex(UserError, "cannot be decrypted"):
            self.vault._rotate()
        self.assertEqual(self._get_column(), before)

    def test_rotating_again_is_harmless(self):
        self._use(self.second, self.first)
        self.vault._rotate()
        self.vault._rotate()
        self.env.invalidate_all()
        self.assertEqual(self.provider.wechat_private_key, PEM)
