from odoo.addons.community_groupbuy.tests.storefront_common import StorefrontCommon

from .common import LeaderCommon


class SharingCommon(StorefrontCommon):
    """Ann leads the East Gate, Ben the West Gate; the others are neighbours."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.west = cls.env["groupbuy.pickup.point"].create(
            {"name": "West Gate", "street": "9 Lake Road", "city": "Jinan"}
        )
        cls.leader = cls._create_leader(cls.ann, cls.point, name="Card of Ann")
        cls.other_leader = cls._create_leader(cls.ben, cls.west)

    _create_leader = classmethod(LeaderCommon._create_leader.__func__)

    def _sign_in(self, user):
        self.authenticate(user.login, user.login)

    def _as(self, leader):
        """:return: the leader, sudoed, as that leader's own pages work on it"""
        return leader.with_user(leader.user_id).sudo()
