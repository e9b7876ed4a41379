from odoo import api, fields, models

SUFFIX = "_sealed"


def sealed(name, **kwargs):
    """Declare a secret: `number, number_sealed = sealed("number", string="Number")`.

    The first field is read and written like any text and has no column; the second is
    the column and holds what the vault makes of it. Neither is copied nor exported.

    :param str name: of the first field; the second is called `<name>_sealed`
    :param kwargs: of the first field; `groups` says who may see it
    :return: (field, sealed field)
    """

    @api.depends(name + SUFFIX)
    def compute(self):
        vault = self.env["groupbuy.vault"]
        for record in self:
            column = record[name + SUFFIX]
            record[name] = vault._open(column) if column else False

    def inverse(self):
        vault = self.env["groupbuy.vault"]
        # Who may write a secret is decided where it is written; its column is nobody's.
        for record_sudo in self.sudo():
            text = record_sudo[name]
            record_sudo[name + SUFFIX] = vault._seal(text) if text else False

    text = fields.Char(
        compute=compute,
        inverse=inverse,
        compute_sudo=True,
        copy=False,
        exportable=False,
        **kwargs,
    )
    label = kwargs.get("string") or name.replace("_", " ").title()
    column = fields.Char(
        string=f"{label} (encrypted)",
        groups="base.group_system",
        copy=False,
        exportable=False,
        readonly=True,
    )
    return text, column


class GroupbuySealedMixin(models.AbstractModel):
    """Inherited by the models that declare secrets with :func:`sealed`."""

    _name = "groupbuy.sealed.mixin"
    _description = "Model with Secrets"

    @api.model
    def _get_sealed_columns(self):
        """:return: the names of the columns that the vault's rotation goes through"""
        return [
            name + SUFFIX
            for name in self._fields
            if name + SUFFIX in self._fields and self._fields[name + SUFFIX].store
        ]
