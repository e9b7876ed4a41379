from odoo.addons.community_groupbuy.tests.handover_common import HandoverCommon

# Nobody's: no place has this number. The check digits are right.
IDENTITIES = (
    "990000198001010012",
    "990000198001010020",
    "990000198001010039",
    "99000019800101008X",
    "990000198001010047",
)


class LeaderCommon(HandoverCommon):
    """Dot leads East Gate, Eva leads West Gate; Ann, Ben, Cem and Fay are residents."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.leader = cls._create_leader(cls.dot, cls.point)
        cls.other_leader = cls._create_leader(cls.eva, cls.west)

    @classmethod
    def _create_leader(cls, user, points=None, **vals):
        """:return: an approved leader, in the group, who leads these points"""
        number = getattr(cls, "_leader_number", 0)
        cls._leader_number = number + 1
        leader = cls.env["groupbuy.leader"].create(
            {
                "name": user.name,
                "partner_id": user.partner_id.id,
                "user_id": user.id,
                "phone": f"1380000100{number}",
                "point_name": "A point",
                "company_id": cls.company.id,
                "state": "approved",
                **vals,
            }
        )
        if points:
            points.leader_id = leader
        user.group_ids += cls.env.ref("groupbuy_leader.group_leader")
        return leader
