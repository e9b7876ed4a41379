import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("groupbuy_qr_page", {
    steps: () => [
        {
            content: "The code comes by itself",
            trigger: ".o_groupbuy_pay_code:not(.d-none)[src^='data:image/svg+xml']",
        },
        {
            content: "Somebody scans and pays: the page goes on by itself",
            trigger: ".o_groupbuy_pay_left:contains(':')",
            expectUnloadPage: true,
        },
        {
            content: "The join takes part",
            trigger: ".o_groupbuy_order_page:contains('Waiting for the Group')",
        },
    ],
});

registry.category("web_tour.tours").add("groupbuy_qr_page_fails", {
    steps: () => [
        {
            content: "There is no code, and the page says so",
            trigger: "[data-when='failed']:not(.d-none) .o_groupbuy_pay_again",
            run: "click",
        },
        {
            content: "Another try brings it",
            trigger: ".o_groupbuy_pay_code:not(.d-none)[src^='data:image/svg+xml']",
        },
        {
            content: "Nothing has been paid",
            trigger: ".o_groupbuy_pay_ask",
            run: "click",
        },
        {
            trigger: ".o_groupbuy_pay_asked:not(.d-none)",
        },
    ],
});

registry.category("web_tour.tours").add("groupbuy_qr_page_over", {
    steps: () => [
        {
            content: "Time is over while the page is open",
            trigger: "[data-when='over']:not(.d-none):contains('time to pay is over')",
        },
    ],
});
