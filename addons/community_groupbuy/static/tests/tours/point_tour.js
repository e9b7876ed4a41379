import {registry} from "@web/core/registry";

// Stands in for the browser's own question whether the page may know where one is.
function standNear(latitude, longitude) {
    const ask = (answer) => answer({coords: {latitude, longitude}});
    Object.defineProperty(navigator, "geolocation", {
        configurable: true,
        value: {getCurrentPosition: ask},
    });
}

registry.category("web_tour.tours").add("groupbuy_nearest_point", {
    steps: () => [
        {
            content: "Look for the nearest point",
            trigger: ".o_groupbuy_nearby summary",
            run: "click",
        },
        {
            content: "Points are drawn, without anybody's map",
            trigger: ".o_groupbuy_map .o_groupbuy_map_point",
            run: () => standNear(36.69, 117.0),
        },
        {trigger: ".o_groupbuy_chooser .o_groupbuy_locate", run: "click"},
        {
            content: "The nearest comes first",
            trigger:
                ".o_groupbuy_points li:first:contains(North Mall):contains(1.1 km)",
        },
        {
            content: "So is where one stands",
            trigger: ".o_groupbuy_map_you",
        },
        {
            content: "A resting one cannot be chosen",
            trigger:
                ".o_groupbuy_point_choice:disabled:contains(West Kiosk):contains(On holiday)",
        },
        {
            trigger: ".o_groupbuy_point_choice:contains(North Mall)",
            run: "click",
        },
        {
            content: "The form knows it",
            trigger: ".o_groupbuy_point_details:contains(Lake Street)",
        },
        {
            content: "Rather to the door",
            trigger: "label[for=groupbuy_way_door]",
            run: "click",
        },
        {
            trigger: ".o_groupbuy_offer:first .o_groupbuy_more",
            run: "click",
        },
        {
            content: "The fee is in the total",
            trigger: ".o_groupbuy_fee:contains(Rider):contains(6.00)",
        },
        {trigger: ".o_groupbuy_bar [data-bind=total]:contains(16.00)"},
        {
            trigger: ".o_groupbuy_submit:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "So it is at payment",
            trigger: ".o_groupbuy:contains(Rider):contains(5 Garden Road)",
        },
    ],
});

registry.category("web_tour.tours").add("groupbuy_shop_pickup", {
    steps: () => [
        {
            content: "The page has asked for all fees",
            trigger: ".o_wsale_delivery_price_badge:contains(6.00)",
        },
        {
            content: "Collecting is the first way",
            trigger:
                "button[name=o_pickup_location_selector]:contains(Select a location)",
            run: "click",
        },
        {
            trigger: ".o_location_selector #o_location_selector_list_view button",
            run: () => standNear(36.69, 117.0),
        },
        {trigger: ".o_location_selector .o_groupbuy_locate", run: "click"},
        {
            content: "The nearest comes first",
            trigger:
                "#o_location_selector_list_view button:first:contains(North Mall):contains(1.1 km)",
        },
        {
            trigger: ".o_location_selector_mobile_tab:contains(Map view)",
            run: "click",
        },
        {
            content: "Points are drawn, without anybody's map",
            trigger: ".o_location_selector .o_groupbuy_map .o_groupbuy_map_selected",
        },
        {trigger: "#submit_location_small", run: "click"},
        {
            trigger: "[name=o_pickup_location_name]:contains(North Mall)",
        },
        {
            trigger: "[name=website_sale_main_button]:visible:not(.disabled)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "To be paid",
            trigger: "#o_payment_methods, [name=o_payment_radio]",
        },
    ],
});
