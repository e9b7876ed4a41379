import os

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL, config

CHUNK = 1000


class GroupbuyVault(models.AbstractModel):
    """Secrets that the database holds only encrypted.

    Keys come from the environment or odoo.conf, never from the database: a copy of the
    database alone opens nothing.
    """

    _name = "groupbuy.vault"
    _description = "Vault"

    @api.model
    def _seal(self, text):
        """Encrypt `text` (UTF-8) with the first key.

        :rtype: str
        :raise UserError: no usable key is configured
        """
        return self._get_cipher().encrypt(text.encode()).decode()

    @api.model
    def _open(self, sealed):
        """Decrypt what :meth:`_seal` returned, by whichever of the keys.

        :rtype: str
        :raise UserError: no usable key is configured, or none of them fits
        """
        try:
            return self._get_cipher().decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise UserError(
                self.env._(
                    "A stored secret cannot be decrypted: none of the keys in "
                    "GROUPBUY_SECRET_KEYS fits. Add the key that it was sealed with."
                )
            ) from None

    @api.model
    def _get_cipher(self):
        keys = [key.strip() for key in self._get_keys().split(",") if key.strip()]
        if not keys:
            raise UserError(
                self.env._(
                    "There is no key to encrypt secrets with: set "
                    "GROUPBUY_SECRET_KEYS in the server's environment, or "
                    "groupbuy_secret_keys in odoo.conf."
                )
            )
        try:
            return MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise UserError(
                self.env._(
                    "GROUPBUY_SECRET_KEYS is malformed: each key is 32 bytes in "
                    "URL-safe base64, and commas stand between keys."
                )
            ) from None

    @api.model
    def _get_keys(self):
        return os.environ.get("GROUPBUY_SECRET_KEYS") or str(
            config.get("groupbuy_secret_keys") or ""
        )

    # === ROTATION === #

    @api.model
    def _rotate(self):
        """Seal every secret of every model anew with the first key.

        Safe to repeat. Once it is committed, the other keys open nothing any more that
        this database holds (its older backups they do).

        :return: how many secrets were sealed anew
        :rtype: int
        :raise UserError: a secret that none of the keys opens; nothing has changed then
        """
        self.env.flush_all()
        count = 0
        for name in self.env.registry:
            model = self.env[name]
            mixin = self.env.registry["groupbuy.sealed.mixin"]
            if isinstance(model, mixin) and not model._abstract:
                for column in model._get_sealed_columns():
                    count += self._rotate_column(model._table, column)
        self.env.invalidate_all()
        return count

    @api.model
    def _rotate_column(self, table, column):
        """Straight in the database: whatever a model says about changes, and archived
        records, too."""
        cipher = self._get_cipher()
        table, column = SQL.identifier(table), SQL.identifier(column)
        rows = self.env.execute_query(
            SQL(
                "SELECT id, %s FROM %s WHERE %s IS NOT NULL ORDER BY id FOR UPDATE",
                column,
                table,
                column,
            )
        )
        for start in range(0, len(rows), CHUNK):
            values = []
            for record_id, sealed in rows[start : start + CHUNK]:
                try:
                    values.append((record_id, cipher.rotate(sealed.encode()).decode()))
                except InvalidToken:
                    self._open(sealed)
            self.env.cr.execute(
                SQL(
                    "UPDATE %s AS t SET %s = v.sealed FROM (VALUES %s) AS v(id, sealed)"
                    " WHERE t.id = v.id",
                    table,
                    column,
                    SQL(", ").join(SQL("(%s, %s)", *value) for value in values),
                )
            )
        return len(rows)
