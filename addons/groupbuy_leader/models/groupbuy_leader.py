import secrets

from odoo import api, fields, models

from odoo.addons.groupbuy_payment.models.groupbuy_sealed_mixin import sealed

# Without what is mistaken for something else when it is read aloud or copied.
SLUG_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
SLUG_SIZE = 8


class GroupbuyLeader(models.Model):
    """A neighbour who runs pickup points: from the application to the last day."""

    _name = "groupbuy.leader"
    _description = "Leader"
    _inherit = [
        "groupbuy.sealed.mixin",
        "mail.thread",
        "mail.activity.mixin",
        "image.mixin",
    ]
    _order = "id desc"

    name = fields.Char(required=True, tracking=True, help="As on the identity card.")
    active = fields.Boolean(default=True)
    partner_id = fields.Many2one(
        "res.partner", required=True, index=True, ondelete="restrict"
    )
    user_id = fields.Many2one(
        "res.users",
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        help="Who signs in as this leader.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    state = fields.Selection(
        [
            ("applied", "To Check"),
            ("more_info", "More Asked For"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("suspended", "Suspended"),
        ],
        required=True,
        readonly=True,
        default="applied",
        copy=False,
        tracking=True,
        index=True,
    )
    slug = fields.Char(
        string="Address of the Page",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self._generate_slug(),
    )
    phone = fields.Char(required=True, tracking=True)
    identity_number, identity_number_sealed = sealed(
        "identity_number",
        string="Identity Number",
        groups="community_groupbuy.group_operator",
    )
    identity_masked = fields.Char(string="Identity", readonly=True, copy=False)
    level_id = fields.Many2one(
        "groupbuy.leader.level",
        index="btree_not_null",
        ondelete="restrict",
        readonly=True,
        copy=False,
        tracking=True,
    )
    point_ids = fields.One2many(
        "groupbuy.pickup.point", "leader_id", string="Pickup Points"
    )

    _partner_unique = models.UniqueIndex(
        "(partner_id, company_id)", "This person is a leader or has applied already."
    )
    _slug_unique = models.UniqueIndex(
        "(slug)", "Another leader's page has this address."
    )

    @api.model
    def _generate_slug(self):
        """:return: an address that is short, readable and not to be guessed"""
        return "".join(secrets.choice(SLUG_LETTERS) for _index in range(SLUG_SIZE))

    def _is_run_by(self, user):
        """Whether this user is this leader, and may work as one at present.

        :param user: a `res.users`
        :return: False for an empty recordset
        """
        return bool(self) and self.state == "approved" and self.user_id == user
