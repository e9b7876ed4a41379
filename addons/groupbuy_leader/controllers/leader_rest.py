from odoo.http import request, route

from odoo.addons.community_groupbuy.record_id import MAX_ID

from .leader_portal import LeaderPortal, to_number


class LeaderRest(LeaderPortal):
    """A leader rests, and somebody else stands in."""

    @route("/my/leader/rest", type="http", auth="user", website=True, sitemap=False)
    def portal_leader_rest(self, **_kwargs):
        """Show for each point whether it rests, and the form to change that."""
        return self._render_leader_rest()

    def _render_leader_rest(self, form=None):
        values = self._prepare_leader_values("rest")
        leader_sudo = values["leader"]
        points_sudo = leader_sudo.point_ids
        values.update(
            points=points_sudo,
            rests={point: leader_sudo._prepare_rest(point) for point in points_sudo},
            substitutes={
                point: leader_sudo._get_substitutes(point) for point in points_sudo
            },
            stand_ins=leader_sudo.substitute_point_ids.filtered("resting"),
            form=form or {},
        )
        return request.render("groupbuy_leader.portal_rest", values)

    def _find_leader_point(self, point_id, field):
        # Of this leader only, whose points the methods check again.
        points_sudo = self._get_groupbuy_leader()[field]
        return points_sudo.filtered(lambda own: own.id == min(point_id, MAX_ID))

    @route(
        "/my/leader/rest/<int:point_id>/<any(save,end,decline):step>",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def portal_leader_rest_step(self, point_id, step, **post):
        """Let one's own point rest, open it again, or no longer stand in at one."""
        leader_sudo = self._get_groupbuy_leader()
        if step == "decline":
            point_sudo = self._find_leader_point(point_id, "substitute_point_ids")
            done = request.env._("You no longer stand in there.")
            ok = self._try_leader(done, leader_sudo._decline, point_sudo)
        elif step == "end":
            point_sudo = self._find_leader_point(point_id, "point_ids")
            done = request.env._("Your point takes orders again.")
            ok = self._try_leader(done, leader_sudo._end_rest, point_sudo)
        else:
            point_sudo = self._find_leader_point(point_id, "point_ids")
            post["substitute_id"] = to_number(post.get("substitute_id"))
            done = request.env._("Your rest is set.")
            ok = self._try_leader(done, leader_sudo._rest, point_sudo, post)
        if not ok:
            return self._render_leader_rest({**post, "point_id": point_id})
        return request.redirect("/my/leader/rest")
