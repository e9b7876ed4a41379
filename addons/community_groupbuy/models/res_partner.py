from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    groupbuy_pickup_point_id = fields.Many2one(
        "groupbuy.pickup.point",
        string="Pickup Point",
        help="Where this resident collected last, proposed when joining again.",
    )

    def _groupbuy_get_door(self):
        """:return: this resident's default delivery address, if it is complete"""
        self.ensure_one()
        address = self.browse(self.address_get(["delivery"])["delivery"])
        return address if address.street and address.city else self.browse()

    def _groupbuy_get_address_text(self):
        self.ensure_one()
        return " ".join(filter(None, (self.city, self.street2, self.street)))
