import {registry} from "@web/core/registry";

const scan = (text) => {
    for (const key of [...text, "Enter"]) {
        document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
    }
};

registry.category("web_tour.tours").add("groupbuy_sort", {
    steps: () => [
        {
            content: "Only the route's goods",
            trigger: ".o_groupbuy_sort_route",
            run: "selectByLabel 北线",
        },
        {
            trigger: ".o_groupbuy_sort_pieces:contains(0 of 14)",
        },
        {
            content: "A scanner types without a field",
            trigger: ".o_groupbuy_sort_products .list-group-item",
            run: () => {
                document.activeElement.blur();
                scan("6900000000017");
            },
        },
        {
            content: "The first stop's crate comes first",
            trigger: ".o_groupbuy_sort_next:contains(西苑)",
        },
        {
            trigger: ".o_groupbuy_sort_confirm",
            run: "click",
        },
        {
            content: "Then the crates of the next stop; one gets part of its pieces",
            trigger: ".o_groupbuy_sort_next:contains(东苑)",
        },
        {
            trigger: ".o_groupbuy_sort_count",
            run: "edit 1",
        },
        {
            trigger: ".o_groupbuy_sort_confirm",
            run: "click",
        },
        {
            trigger: ".o_groupbuy_sort_pieces:contains(5 of 14)",
        },
        {
            content: "The last one was a mistake",
            trigger: ".o_groupbuy_sort_undo",
            run: "click",
        },
        {
            trigger: ".o_groupbuy_sort_pieces:contains(4 of 14)",
        },
        {
            content: "By a part of its name, and Enter",
            trigger: ".o_groupbuy_sort input[type=search]",
            run: "edit 生姜 && press Enter",
        },
        {
            trigger:
                ".o_groupbuy_sort:has(h2:contains(生姜)) .o_groupbuy_sort_next:contains(东苑)",
        },
        {
            content: "Enter confirms what is shown",
            trigger: ".o_groupbuy_sort input[type=search]",
            run: "press Enter",
        },
        {
            trigger: ".o_groupbuy_sort .alert-success",
        },
        {
            trigger: ".o_groupbuy_sort_pieces:contains(6 of 14)",
        },
    ],
});
