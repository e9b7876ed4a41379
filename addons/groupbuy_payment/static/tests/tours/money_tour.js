import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("groupbuy_money_tour", {
    steps: () => [
        {
            content: "Every figure equals the general ledger",
            trigger: ".o_groupbuy_money:not(:has(.text-danger)) [data-name=merchant]",
        },
        {
            content: "Check the books",
            trigger: ".o_groupbuy_check",
            run: "click",
        },
        {
            content: "They are right",
            trigger: ".o_groupbuy_rules h5 .text-success",
        },
        {
            content: "Open what is owed to merchants",
            trigger: "[data-name=merchant] > button",
            run: "click",
        },
        {
            content: "The shares are listed",
            trigger: ".o_list_view .o_data_row",
        },
    ],
});
