from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import email_normalize

# What can be decided from which states, and what comes of it.
STEPS = {
    "approved": ("applied", "more_info"),
    "more_info": ("applied",),
    "rejected": ("applied", "more_info"),
    "suspended": ("approved",),
    "reinstated": ("suspended",),
}
MAX_REASON = 1000


class GroupbuyLeader(models.Model):
    """What operators decide about leaders, and what follows from it."""

    _inherit = "groupbuy.leader"

    # === DECISIONS === #

    def action_approve(self):
        """Make applicants leaders in one step: user, group, pickup point, location.

        Who has a point already, because an operator chose it, gets no other one.

        :raise AccessError: the user is no operator
        :raise UserError: decided already, no way to sign in, the account is a
            colleague's, or somebody else leads with the same identity card
        """
        leaders_sudo = self._check_decidable("approved")
        leaders_sudo._check_identity_once()
        for leader_sudo in leaders_sudo:
            if not leader_sudo.identity_masked:
                raise UserError(
                    self.env._("Write the identity number of %s.", leader_sudo.name)
                )
            leader_sudo._ensure_user()
            leader_sudo._ensure_point()
        leaders_sudo._decide("approved")
        leaders_sudo._update_levels()

    def action_ask(self, reason):
        """Ask applicants for what is missing.

        :param str reason: what, shown to the applicant
        :raise AccessError: the user is no operator
        :raise UserError: decided already, or no reason
        """
        leaders_sudo = self._check_decidable("more_info")
        leaders_sudo._decide("more_info", leaders_sudo._check_reason(reason))

    def action_reject(self, reason):
        """Reject applicants; they may apply again. Points kept for them are free.

        :param str reason: shown to the applicant
        :raise AccessError: the user is no operator
        :raise UserError: decided already, or no reason
        """
        leaders_sudo = self._check_decidable("rejected")
        leaders_sudo._decide("rejected", leaders_sudo._check_reason(reason))
        leaders_sudo.point_ids.leader_id = False

    def action_suspend(self, reason, rest=False):
        """Take everything out of leaders' hands; what they earned stays theirs.

        :param str reason: shown to the leader
        :param bool rest: whether their points take no new orders from now on
        :raise AccessError: the user is no operator
        :raise UserError: not approved, or no reason
        """
        leaders_sudo = self._check_decidable("suspended")
        leaders_sudo._decide("suspended", leaders_sudo._check_reason(reason))
        leaders_sudo._leave_group()
        if rest:
            leaders_sudo.point_ids.write(
                {"resting": True, "rest_from": False, "rest_until": False}
            )

    def action_reinstate(self):
        """Let suspended leaders work again. Points that rest go on resting.

        :raise AccessError: the user is no operator
        :raise UserError: not suspended
        """
        leaders_sudo = self._check_decidable("reinstated")
        leaders_sudo._check_identity_once()
        for leader_sudo in leaders_sudo:
            leader_sudo._ensure_user()
        leaders_sudo._decide("reinstated")

    def _check_decidable(self, step):
        """:return: these leaders, sudoed, if the user may decide this now"""
        # Portal users have no rights on the model, visitors neither.
        self.check_access("write")
        leaders_sudo = self.sudo()
        labels = dict(self._fields["state"]._description_selection(self.env))
        for leader_sudo in leaders_sudo:
            if leader_sudo.state not in STEPS[step]:
                raise UserError(
                    self.env._(
                        "%(leader)s: this cannot be decided any more, or not yet "
                        "(%(state)s).",
                        leader=leader_sudo.name,
                        state=labels[leader_sudo.state],
                    )
                )
        return leaders_sudo

    def _check_reason(self, reason):
        """:return: the reason, if there is one"""
        reason = reason.strip() if isinstance(reason, str) else ""
        if not reason or len(reason) > MAX_REASON:
            raise UserError(
                self.env._("Write a reason of at most %s characters.", MAX_REASON)
            )
        return reason

    def _decide(self, step, reason=False):
        self.write(
            {
                "state": "approved" if step == "reinstated" else step,
                "reason": reason,
                "decided_at": fields.Datetime.now(),
                "decided_by_id": self.env.uid,
            }
        )
        self._tell(step)

    def _tell(self, step):
        """Mail leaders what happened; it stays in the chatter, too.

        :param str step: as in `mail_template_<step>`
        """
        template = self.env.ref(f"groupbuy_leader.mail_template_{step}")
        # Nobody is told of their own messages: a receipt comes from the system.
        leaders = self.with_user(SUPERUSER_ID) if step == "applied" else self
        for leader in leaders:
            leader.message_post_with_source(
                template,
                subtype_xmlid="mail.mt_comment",
                message_type="comment",
                email_layout_xmlid="mail.mail_notification_light",
            )

    # === WHAT A LEADER NEEDS === #

    def _ensure_user(self):
        """Give this leader a portal user who is in the leaders' group."""
        self.ensure_one()
        users = self.partner_id.with_context(active_test=False).user_ids
        user = self.user_id or users[:1] or self._create_user()
        if not user.share:
            raise UserError(
                self.env._(
                    "%s is a colleague's account. Leaders need an account of their own "
                    "that uses the portal only.",
                    user.login,
                )
            )
        user.write(
            {
                "active": True,
                "company_ids": [Command.link(self.company_id.id)],
                "group_ids": [
                    Command.link(self.env.ref("groupbuy_leader.group_leader").id),
                    Command.unlink(self.env.ref("base.group_public").id),
                ],
            }
        )
        self.user_id = user

    def _create_user(self):
        """:return: a new portal user, who gets a mail to choose a password"""
        login = email_normalize(self.partner_id.email)
        if not login:
            raise UserError(
                self.env._(
                    "Write the e-mail address of %s first: it is how leaders sign in.",
                    self.partner_id.name,
                )
            )
        users = self.env["res.users"].with_context(
            no_reset_password=True, active_test=False
        )
        if users.search_count([("login", "=", login)], limit=1):
            raise UserError(
                self.env._("Somebody else signs in with %s already.", login)
            )
        user = users.with_company(self.company_id)._create_user_from_template(
            {
                "login": login,
                "email": login,
                "partner_id": self.partner_id.id,
                "company_id": self.company_id.id,
                "company_ids": [Command.set(self.company_id.ids)],
            }
        )
        user.partner_id.signup_prepare()
        self.env.ref("auth_signup.portal_set_password_email").with_context(
            dbname=self.env.cr.dbname, medium="portalinvite"
        ).send_mail(user.id)
        return user

    def _ensure_point(self):
        """Open the pickup point that this leader applied for, with its location."""
        self.ensure_one()
        if self.point_ids:
            return
        self.env["groupbuy.pickup.point"].create(
            {
                "name": self.point_name,
                "company_id": self.company_id.id,
                "leader_id": self.id,
                "street": self.street,
                "district": self.district,
                "city": self.city,
                "zip": self.zip,
                "phone": self.phone,
                "latitude": self.latitude,
                "longitude": self.longitude,
                "opening_hours": self.opening_hours,
                "image_1920": self.photo_ids[:1].datas,
            }
        )

    def _leave_group(self):
        """Take these leaders' users out of the group, unless they lead elsewhere."""
        still = self.search(
            [("user_id", "in", self.user_id.ids), ("state", "=", "approved")]
        )
        group = self.env.ref("groupbuy_leader.group_leader")
        (self.user_id - still.user_id).write({"group_ids": [Command.unlink(group.id)]})
