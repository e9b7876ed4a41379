import {registry} from "@web/core/registry";

const openCampaign = {
    content: "Open the campaign",
    trigger: ".o_groupbuy_card a:contains(Tour vegetables)",
    run: "click",
    expectUnloadPage: true,
};

const chooseThree = [
    {
        content: "The countdown runs",
        trigger: ".o_groupbuy_when .o_groupbuy_label:contains(Closes in)",
    },
    {
        content: "One piece",
        trigger: ".o_groupbuy_offer:first .o_groupbuy_more",
        run: "click",
    },
    {
        content: "Typing more than there is gives what there is",
        trigger: ".o_groupbuy_offer:first input[type=number]:value(1)",
        run: "edit 99 && click .o_groupbuy_page h1",
    },
    {
        content: "Down again, so that the group reaches the next price",
        trigger: ".o_groupbuy_offer:first input[type=number]:value(30)",
        run: "edit 20 && click .o_groupbuy_page h1",
    },
    {
        content: "20 × 9.00, 1.00 each less than in the shop",
        trigger: ".o_groupbuy_bar [data-bind=total]:contains(180.00)",
    },
    {
        content: "What is saved is shown",
        trigger: ".o_groupbuy_saving:not(.d-none) [data-bind=saving]:contains(20.00)",
    },
];

const join = {
    content: "Join",
    trigger: ".o_groupbuy_submit:enabled",
    run: "click",
    expectUnloadPage: true,
};

const pay = [
    {
        content: "What is bought stands on the payment page, held for a while",
        trigger: ".o_groupbuy_countdown .o_groupbuy_clock:contains(00:1)",
    },
    {
        content: "Choose the bank",
        trigger:
            "input[name=o_payment_radio]:not(:visible), input[name=o_payment_radio]",
        run: () => document.querySelector("input[name=o_payment_radio]").click(),
    },
    {
        content: "Pay",
        trigger: "button[name=o_payment_submit_button]:visible:enabled",
        run: "click",
        expectUnloadPage: true,
    },
    {
        content: "Paid, and waiting for the group",
        trigger: ".o_groupbuy_order_page .badge:contains(Waiting for the Group)",
    },
    {
        content: "The link to share is there",
        trigger: ".o_groupbuy_share input",
    },
];

registry.category("web_tour.tours").add("groupbuy_join_and_pay", {
    url: "/groupbuy",
    steps: () => [
        openCampaign,
        ...chooseThree,
        {
            content: "Choose where to collect",
            trigger: "select.o_groupbuy_point",
            run: "selectByLabel East Gate",
        },
        join,
        {
            content: "Sign in on the way",
            trigger: ".oe_login_form input[name=login]",
            run: "edit gb_resident_1",
        },
        {
            trigger: ".oe_login_form input[name=password]",
            run: "edit gb_resident_1",
        },
        {
            trigger: ".oe_login_form button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "What was chosen is still there",
            trigger: ".o_groupbuy_offer:first input[type=number]:value(20)",
        },
        {
            content: "So is the pickup point",
            trigger: ".o_groupbuy_point_details:contains(Spring Road)",
        },
        join,
        ...pay,
    ],
});

registry.category("web_tour.tours").add("groupbuy_one_tap", {
    url: "/groupbuy",
    steps: () => [
        openCampaign,
        {
            content: "The last pickup point is chosen",
            trigger: ".o_groupbuy_point_details:contains(Spring Road)",
        },
        ...chooseThree,
        {
            content: "What the server refuses is said on the page",
            trigger: "body:not(:has(.o_groupbuy_error:visible))",
            run: () => {
                document.querySelector(".o_groupbuy_offer").dataset.max = "31";
                document.querySelector(".o_groupbuy_offer").dataset.remaining = "";
            },
        },
        {
            trigger: ".o_groupbuy_offer:first input[type=number]",
            run: "edit 31 && click .o_groupbuy_page h1",
        },
        {trigger: ".o_groupbuy_submit:enabled", run: "click"},
        {
            trigger: ".o_groupbuy_error:contains(at most 30 for each resident)",
        },
        {
            trigger: ".o_groupbuy_offer:first input[type=number]",
            run: "edit 20 && click .o_groupbuy_page h1",
        },
        join,
        ...pay,
        {
            content: "Cancel it again",
            trigger: ".o_groupbuy_cancel summary",
            run: "click",
        },
        {
            trigger: ".o_groupbuy_cancel button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".alert:contains(You cancelled this order)",
        },
    ],
});
