from odoo import api, fields, models
from odoo.exceptions import UserError

CHUNK = 500
FIGURES = ("turnover", "orders", "customers")


class GroupbuyLeader(models.Model):
    """Which level a leader is on: by rule, every night, or by hand."""

    _inherit = "groupbuy.leader"

    level_by_hand = fields.Boolean(
        readonly=True, copy=False, help="The rule does not change this level."
    )
    level_change_ids = fields.One2many(
        "groupbuy.leader.level.change", "leader_id", string="Levels", readonly=True
    )

    # === BY RULE === #

    @api.model
    def _cron_update_levels(self):
        """Every night: scores, and the highest level that is reached, some leaders at a
        time."""
        commit_progress = self.env["ir.cron"]._commit_progress
        ids = self.search([("state", "=", "approved")]).ids
        commit_progress(remaining=len(ids))
        for first in range(0, len(ids), CHUNK):
            leaders = self.browse(ids[first : first + CHUNK])
            leaders._update_scores()
            leaders._update_levels()
            commit_progress(len(leaders))

    def _update_levels(self, **note):
        """Put these leaders on the level they reach, unless it was set by hand.

        :param note: what the history says beside the figures
        """
        levels = self.env["groupbuy.leader.level"].search(
            [("company_id", "in", self.company_id.ids)]
        )
        leaders = self.filtered(lambda leader: not leader.level_by_hand)
        figures = {
            days: self._read_figures(leaders, days) for days in {*levels.mapped("days")}
        }
        changes = []
        for leader in leaders:
            own = levels.filtered(
                lambda level, leader=leader: level.company_id == leader.company_id
            )
            reached = own.filtered(
                lambda level, leader=leader: level._is_reached(
                    figures[level.days][leader]
                )
            )[-1:]
            if reached != leader.level_id:
                days = (reached or own[:1]).days
                found = figures[days][leader] if days else {}
                note |= {name: found.get(name, 0) for name in FIGURES}
                changes.append(leader._prepare_level_change(reached, **note))
        self._change_levels(changes)

    def _prepare_level_change(self, level, **vals):
        return {
            "leader_id": self.id,
            "before_id": self.level_id.id,
            "after_id": level.id,
            **vals,
        }

    def _change_levels(self, changes):
        by_level = {}
        for vals in changes:
            by_level.setdefault(vals["after_id"], []).append(vals["leader_id"])
        for level_id, leader_ids in by_level.items():
            self.browse(leader_ids).level_id = level_id
        self.env["groupbuy.leader.level.change"].create(changes)

    # === BY HAND === #

    def action_set_level(self, level, reason):
        """Put leaders on a level by hand; it stays until it is left to the rule again.

        :param level: a `groupbuy.leader.level`, or empty for no level
        :param str reason: kept in the history
        :raise AccessError: the user is no operator
        :raise UserError: no reason, or a level of another company
        """
        leaders_sudo, reason = self._check_level_by_hand(reason)
        if leaders_sudo.filtered(
            lambda leader: level and level.company_id != leader.company_id
        ):
            raise UserError(self.env._("This is a level of another company."))
        leaders_sudo._change_levels(
            [
                leader_sudo._prepare_level_change(
                    level, by_hand=True, reason=reason, user_id=self.env.uid
                )
                for leader_sudo in leaders_sudo
            ]
        )
        leaders_sudo.level_by_hand = True

    def action_level_by_rule(self, reason):
        """Let the rule decide about these leaders' levels again.

        :param str reason: kept in the history
        :raise AccessError: the user is no operator
        :raise UserError: no reason
        """
        leaders_sudo, reason = self._check_level_by_hand(reason)
        leaders_sudo.level_by_hand = False
        leaders_sudo._update_levels(reason=reason, user_id=self.env.uid)

    def _check_level_by_hand(self, reason):
        """:return: these leaders, sudoed, and the reason"""
        self.check_access("write")
        # Levels are written by the rule, and by nobody's hand but this one.
        leaders_sudo = self.sudo()
        return leaders_sudo, leaders_sudo._check_reason(reason)
