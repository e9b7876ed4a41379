from odoo.fields import Command
from odoo.tests import tagged

from .point_common import PointCommon
from .storefront_common import StorefrontCommon


@tagged("post_install", "-at_install")
class TestPointTour(PointCommon, StorefrontCommon):
    """Residents look for a pickup point, with a phone in their hand."""

    browser_size = "390x844"
    touch_enabled = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["delivery.carrier"].search([]).is_published = False
        rider = cls._create_product("Rider", 6, type="service", is_storable=False)
        cls.env["delivery.carrier"].create(
            {
                "name": "Rider",
                "sequence": 50,
                "product_id": rider.id,
                "is_published": True,
            }
        )
        cls.pickup_carrier = cls.env.ref("community_groupbuy.delivery_carrier_pickup")
        cls.pickup_carrier.write({"is_published": True, "sequence": 1})
        cls.website.show_line_subtotals_tax_selection = "tax_included"
        cls._set_address(cls.ann)
        cls.ann.partner_id.email = "ann@example.com"

    def test_the_nearest_point_and_the_door(self):
        self.west.write({"resting": True, "rest_note": "On holiday"})
        self.campaign.door_delivery = True
        self.start_tour(
            self.campaign._get_website_url(),
            "groupbuy_nearest_point",
            login="gb_resident_1",
        )
        order = self.campaign.order_ids
        self.assertFalse(order.pickup_point_id)
        self.assertEqual(order.amount_total, 16.0)

    def test_the_shop_is_collected_at_the_nearest_point(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.ann.partner_id.id,
                "website_id": self.website.id,
                "order_line": [
                    Command.create({"product_id": self.leek.id, "product_uom_qty": 2})
                ],
            }
        )
        self.start_tour("/shop/checkout", "groupbuy_shop_pickup", login="gb_resident_1")
        self.assertEqual(order.pickup_point_id, self.north)
        self.assertEqual(order.pickup_location_data["name"], "North Mall")
