from odoo import fields, models
from odoo.exceptions import UserError

MAX_PAGE_NAME = 40
MAX_PAGE_TEXT = 500


class GroupbuyLeader(models.Model):
    """The page on which neighbours find a leader, and those who follow it."""

    _inherit = "groupbuy.leader"

    page_name = fields.Char(
        string="Name on the Page",
        help="How neighbours know the leader; empty: the name of the pickup point.",
    )
    page_text = fields.Text(string="Words on the Page")
    follower_ids = fields.Many2many(
        "res.partner",
        "groupbuy_leader_follower_rel",
        "leader_id",
        "partner_id",
        string="Neighbours Who Follow",
    )

    def _get_page_name(self):
        """:return: how neighbours know this leader: never by the name on the card"""
        self.ensure_one()
        return self.page_name or self.point_ids[:1].name or self.env._("Your leader")

    def _edit_page(self, name, text):
        """Change what one's own page says.

        :raise UserError: too long, or no text
        """
        self._check_is_run()
        name, text = self._check_words(name, text)
        if len(name) > MAX_PAGE_NAME or len(text) > MAX_PAGE_TEXT:
            raise UserError(
                self.env._(
                    "A name has at most %(name)s letters, a text %(text)s.",
                    name=MAX_PAGE_NAME,
                    text=MAX_PAGE_TEXT,
                )
            )
        self.write({"page_name": name, "page_text": text})

    # === FOLLOW === #

    def _count_followers(self):
        """:return: how many follow this leader"""
        self.ensure_one()
        return self.env["res.partner"].search_count(
            [("groupbuy_followed_ids", "in", self.ids)]
        )

    def _is_followed_by(self, partner):
        self.ensure_one()
        return self in partner.sudo().groupbuy_followed_ids

    def _set_followed(self, partner, follow):
        """:param bool follow: whether this resident follows the leader from now on"""
        self.ensure_one()
        # Residents may not write on themselves; only this is written.
        partner_sudo = partner.sudo()
        if follow:
            partner_sudo.groupbuy_followed_ids |= self
        else:
            partner_sudo.groupbuy_followed_ids -= self


class ResPartner(models.Model):
    _inherit = "res.partner"

    groupbuy_followed_ids = fields.Many2many(
        "groupbuy.leader",
        "groupbuy_leader_follower_rel",
        "partner_id",
        "leader_id",
        string="Leaders Followed",
        groups="community_groupbuy.group_operator",
    )
