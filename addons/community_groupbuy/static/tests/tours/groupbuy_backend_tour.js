import {registry} from "@web/core/registry";

const state = (label) => ({
    content: `The campaign is ${label}`,
    trigger: `.o_statusbar_status .o_arrow_button_current:contains("${label}")`,
});

registry.category("web_tour.tours").add("groupbuy_backend_create", {
    url: "/odoo/group-buying",
    steps: () => [
        {
            content: "Start from the dashboard",
            trigger: ".o_groupbuy_create",
            run: "click",
        },
        {
            trigger: ".modal div[name='name'] input",
            run: "edit Leeks for the tour",
        },
        {
            trigger: ".modal .o_radio_input[data-value='number']",
            run: "click",
        },
        {
            trigger: ".modal div[name='quota'] input",
            run: "edit 60",
        },
        {
            trigger: ".modal div[name='line_ids'] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            trigger: ".modal .o_selected_row div[name='product_id'] input",
            run: "edit Tour leeks",
        },
        {
            trigger: ".ui-menu-item a:contains('Tour leeks')",
            run: "click",
        },
        {
            content: "The rule's prices are shown at once: 10 % off, and 20 % from 50",
            trigger:
                ".modal .o_selected_row div[name='ladder']:contains('9.00'):contains('8.00')",
        },
        {
            trigger: ".modal button:contains('Create Draft')",
            run: "click",
        },
        state("Draft"),
        {
            trigger: ".o_field_widget[name='offer_ids'] .o_tag:contains('50+')",
        },
        {
            trigger: "button[name='action_publish']",
            run: "click",
        },
        state("Open"),
    ],
});

registry.category("web_tour.tours").add("groupbuy_backend_close", {
    steps: () => [
        {
            content: "The dashboard counts it",
            trigger:
                ".o_groupbuy_tile[data-name='open'] .o_groupbuy_count:contains('1')",
        },
        {
            trigger: ".o_groupbuy_campaign:contains('Leeks for the tour')",
            run: "click",
        },
        state("Open"),
        {
            trigger: ".o_statusbar_buttons button:contains('Close Now')",
            run: "click",
        },
        {
            content: "It says what would happen: one price, and what goes back",
            trigger: ".modal .alert-success:visible",
        },
        {
            trigger: ".modal .o_data_row td[name='price']:contains('8.50')",
        },
        {
            trigger: ".modal .o_field_widget[name='refund_amount']:contains('7.50')",
        },
        {
            trigger: ".modal button[name='action_confirm']:contains('Close Now')",
            run: "click",
        },
        state("Closing"),
        {
            content: "The closing can be watched",
            trigger: ".o_groupbuy_closing:contains('0 of 2 orders processed')",
        },
    ],
});

registry.category("web_tour.tours").add("groupbuy_backend_closed", {
    steps: () => [
        state("Succeeded"),
        {
            content: "The orders are one click away",
            trigger: "button[name='action_view_orders']",
            run: "click",
        },
        {
            trigger: ".o_data_row .badge:contains('To Ship')",
        },
    ],
});
