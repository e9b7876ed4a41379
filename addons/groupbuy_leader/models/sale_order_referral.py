from odoo import fields, models


class SaleOrder(models.Model):
    """Who brought an order: a leader, by a link, a code or a poster."""

    _inherit = "sale.order"

    groupbuy_referrer_id = fields.Many2one(
        "groupbuy.leader",
        string="Brought by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="community_groupbuy.group_operator",
        help="The leader whose link the resident followed last before ordering.",
    )

    def _groupbuy_attribute(self):
        """Note who brought an ordinary order, as it is about to be paid. Joins know
        from the start."""
        self.ensure_one()
        # Residents may not write on orders; this follows from their browser alone.
        order_sudo = self.sudo()
        if order_sudo.groupbuy_campaign_id or order_sudo.state not in ("draft", "sent"):
            return
        referrer_sudo = self.env["groupbuy.leader"]._get_referrer(
            order_sudo.partner_id, order_sudo.company_id
        )
        if order_sudo.groupbuy_referrer_id != referrer_sudo:
            order_sudo.groupbuy_referrer_id = referrer_sudo
