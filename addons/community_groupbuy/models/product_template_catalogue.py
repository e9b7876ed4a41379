from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    groupbuy_specification = fields.Char(
        string="Specification",
        translate=True,
        help="What one piece is, such as 5 kg or a box of six.",
    )
    groupbuy_origin = fields.Char(
        string="Origin", translate=True, help="Where it is grown or made."
    )
    groupbuy_imported_stock = fields.Integer(
        string="Imported Stock",
        default=-1,
        copy=False,
        readonly=True,
        help="The count that the last import brought, -1 for none. The same number "
        "again books nothing, so that an import never undoes sales.",
    )
