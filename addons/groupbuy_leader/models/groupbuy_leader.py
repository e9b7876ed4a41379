import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.groupbuy_payment.models.groupbuy_sealed_mixin import sealed

# Without what is mistaken for something else when it is read aloud or copied.
SLUG_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
SLUG_SIZE = 8
# What follows from a decision, and is written by nobody's hand.
DECIDED = {
    "state", "applied_at", "decided_at", "decided_by_id", "reason", "slug",
    "identity_masked", "identity_number_sealed", "level_id", "level_by_hand",
}  # fmt: skip


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
        string="Status",
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
    introduction = fields.Text(help="What the applicant says about the plan.")
    point_name = fields.Char(required=True, string="Name of the Point")
    street = fields.Char()
    district = fields.Char()
    city = fields.Char()
    zip = fields.Char()
    latitude = fields.Float(digits=(10, 7))
    longitude = fields.Float(digits=(10, 7))
    opening_hours = fields.Char()
    photo_ids = fields.Many2many("ir.attachment", string="Photos", copy=False)
    applied_at = fields.Datetime(readonly=True, copy=False)
    reason = fields.Text(
        readonly=True,
        copy=False,
        tracking=True,
        help="Of the last decision; shown to the applicant.",
    )
    decided_at = fields.Datetime(readonly=True, copy=False)
    decided_by_id = fields.Many2one("res.users", readonly=True, copy=False)
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
    _phone_unique = models.UniqueIndex(
        "(company_id, phone) WHERE state != 'rejected'",
        "This phone number belongs to another leader or application.",
    )
    _position_check = models.Constraint(
        "CHECK(latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180)",
        "Latitude goes from -90 to 90, longitude from -180 to 180.",
    )
    _slug_unique = models.UniqueIndex(
        "(slug)", "Another leader's page has this address."
    )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_by_hand(vals)
            vals.update(self._prepare_person(vals))
        leaders = super().create(vals_list)
        leaders._check_identity_once()
        return leaders

    def write(self, vals):
        """Override so that what is decided is decided by its buttons only."""
        self._check_by_hand(vals)
        result = super().write({**vals, **self._prepare_person(vals)})
        if vals.get("identity_number"):
            self._check_identity_once()
        return result

    def _check_by_hand(self, vals):
        if not self.env.su and set(vals) & DECIDED:
            raise UserError(
                self.env._("Whether somebody is a leader is decided by the buttons.")
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
        return (
            bool(self)
            and self.active
            and self.state == "approved"
            and self.user_id == user
        )
