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
        """Note whose an ordinary order is, as it is about to be paid: who leads its
        point now, and who brought it. Joins know from the start.

        Nobody earns on what is sent by parcel: nobody hands it over.
        """
        self.ensure_one()
        # Residents may not write on orders; this follows from their browser alone.
        order_sudo = self.sudo()
        if order_sudo.groupbuy_campaign_id or order_sudo.state not in ("draft", "sent"):
            return
        leaders_sudo = self.env["groupbuy.leader"].sudo()
        point = order_sudo.pickup_point_id
        now = {
            "groupbuy_leader_id": leaders_sudo.browse(point._groupbuy_get_leader_id()),
            "groupbuy_referrer_id": leaders_sudo._get_referrer(
                order_sudo.partner_id, order_sudo.company_id
            )
            if point
            else leaders_sudo,
        }
        changed = {
            name: leader_sudo.id
            for name, leader_sudo in now.items()
            if order_sudo[name] != leader_sudo
        }
        if changed:
            order_sudo.write(changed)
