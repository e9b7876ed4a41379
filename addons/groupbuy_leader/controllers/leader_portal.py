from werkzeug.exceptions import NotFound

from odoo.http import request

from odoo.addons.community_groupbuy.controllers.outcome import attempt, take_outcome
from odoo.addons.community_groupbuy.record_id import MAX_ID
from odoo.addons.portal.controllers.portal import CustomerPortal


class LeaderPortal(CustomerPortal):
    """What all pages of `/my/leader` share.

    Leaders have no rights on any model. Pages read as superuser what
    `groupbuy.leader` says is theirs, and change it through methods that check it again.

    All of Odoo's portal controllers end up in one class: helpers have `leader` in their
    names, so that they are not taken for those of another page.
    """

    def _get_groupbuy_leader(self):
        """:return: the leader who is signed in, sudoed
        :raise NotFound: the user is no approved leader here
        """
        leader_sudo = request.env.user._groupbuy_get_leader()
        if not leader_sudo:
            raise NotFound()
        return leader_sudo

    def _prepare_leader_values(self, page, here=None):
        """:param str page: which tab of `portal_nav` is the current one
        :param str here: a page below that, for the breadcrumbs
        :return: the values that `groupbuy_leader.portal_page` needs
        """
        leader_sudo = self._get_groupbuy_leader()
        values = self._prepare_portal_layout_values()
        values.update(
            page_name="groupbuy_leader",
            leader=leader_sudo,
            leader_page=page,
            here=here,
            **take_outcome(),
        )
        return values

    def _find_leader_record(self, model, record_id, domain):
        """:param domain: what makes a record this leader's
        :return: the record of that number, sudoed
        :raise NotFound: there is none, or it is not theirs
        """
        # Only what the domain says is theirs is found.
        found_sudo = (
            request.env[model]
            .sudo()
            .search([("id", "=", min(record_id, MAX_ID)), *domain], limit=1)
        )
        if not found_sudo:
            raise NotFound()
        return found_sudo

    def _try_leader(self, done, method, *args, **kwargs):
        """Call a method; what came of it is shown on the page that comes next.

        :param str done: what to say if it succeeds
        :return: whether it succeeded
        """
        return bool(attempt(method, *args, done=done, **kwargs))


def to_number(text):
    """:return: the number in a form field, whole if it is; else the text as it is"""
    try:
        number = float(text)
        return int(number) if number.is_integer() else number
    except (TypeError, ValueError, OverflowError):
        return text or 0
