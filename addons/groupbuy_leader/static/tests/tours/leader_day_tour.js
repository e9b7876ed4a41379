import {registry} from "@web/core/registry";

const noOverflow = {
    content: "Nothing sticks out of the screen, and thumbs hit the buttons",
    trigger: ".o_groupbuy_leader, .o_groupbuy_desk",
    run() {
        const page = document.documentElement;
        if (page.scrollWidth > page.clientWidth) {
            throw new Error(`${page.scrollWidth} px wide on ${page.clientWidth}`);
        }
        for (const button of document.querySelectorAll(".o_groupbuy_leader .btn")) {
            const {height} = button.getBoundingClientRect();
            if (height && height < 43) {
                throw new Error(`${button.textContent}: ${height} px are too small`);
            }
        }
    },
};

const figure = (name, count) => ({
    content: `${count} ${name}`,
    trigger: `.o_groupbuy_figure [name=${name}]:contains(/^${count}$/)`,
});

const result = (name, state) =>
    `.o_groupbuy_result[data-state=${state}]:contains(${name})`;

/** A delivery of 9 leeks comes with 8 of them; then three residents come at once. */
registry.category("web_tour.tours").add("groupbuy_leader_day", {
    steps: () => [
        figure("coming", 1),
        figure("ready", 0),
        noOverflow,
        {
            content: "The delivery is here",
            trigger: ".o_groupbuy_coming .btn",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Nothing is missing until somebody says so",
            trigger: ".o_groupbuy_arrival_all_right:visible",
        },
        noOverflow,
        {
            content: "One of the leeks is missing",
            trigger:
                ".o_groupbuy_arrival_line:contains(Leeks) .o_groupbuy_arrival_more:first",
            run: "click",
        },
        {
            content: "Say what is wrong",
            trigger:
                ".o_groupbuy_arrival_line:contains(Leeks) input[type=text]:visible",
            run: "edit One too few in the crate",
        },
        noOverflow,
        {
            content: "Report it",
            trigger: ".o_groupbuy_arrival_report:visible",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is recorded",
            trigger: ".alert-success:contains(recorded)",
        },
        figure("coming", 0),
        figure("ready", 3),
        {
            content: "What was reported is listed",
            trigger: ".list-group-item:contains(One too few)",
        },
        noOverflow,
        {
            content: "To the desk",
            trigger: ".o_groupbuy_leader a.btn-primary[href='/my/handover']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Three wait here",
            trigger: ".o_groupbuy_total:contains(3)",
        },
        {
            content: "All of them",
            trigger: ".o_groupbuy_all",
            run: "click",
        },
        {
            content: "Hand over",
            trigger: ".o_groupbuy_hand_over:enabled:contains(Hand over 3 orders)",
            run: "click",
        },
        {content: "Ann has hers", trigger: result("Ann Bao", "done")},
        {content: "Cem has his", trigger: result("Cem Dai", "done")},
        noOverflow,
        {
            content: "Ben was not here after all",
            trigger: `${result("Ben Cui", "done")} .o_groupbuy_undo`,
            run: "click",
        },
        {content: "It is back", trigger: result("Ben Cui", "undone")},
        {
            content: "Back to the day",
            trigger: ".o_groupbuy_tabs a[href='/my/leader']",
            run: "click",
            expectUnloadPage: true,
        },
        figure("ready", 1),
        figure("done", 2),
        {
            content: "Customers",
            trigger: ".o_groupbuy_tabs a[href='/my/leader/customers']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Ann's page",
            trigger: ".o_groupbuy_customer:contains(Ann Bao)",
            run: "click",
            expectUnloadPage: true,
        },
        noOverflow,
        {
            content: "A tag of one's own",
            trigger: "input[name=tags]",
            run: "edit regular",
        },
        {
            content: "Save",
            trigger: ".o_groupbuy_customer_notes button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Saved",
            trigger: ".alert-success:contains(Saved)",
        },
        {
            content: "Ben is told that his goods wait",
            trigger: ".o_groupbuy_tabs a[href='/my/leader/customers']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Write",
            trigger: "a[href='/my/leader/message']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Only Ben would be reached",
            trigger: "[name=reach_mail]:contains(/^1$/)",
        },
        noOverflow,
        {
            content: "What to say",
            trigger: "textarea[name=text]",
            run: "edit Open until eight",
        },
        {
            content: "Send",
            trigger: ".o_groupbuy_leader_message button[type=submit]:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is on its way",
            trigger: ".alert-success:contains(on its way)",
        },
        {
            content: "Rest",
            trigger: ".o_groupbuy_tabs a[href='/my/leader/rest']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Eva stands in",
            trigger: "select[name=substitute_id]",
            run: "selectByLabel Eva Gao (West Gate)",
        },
        noOverflow,
        {
            content: "Rest",
            trigger: ".o_groupbuy_rest button.btn-primary",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Resting",
            trigger: ".o_groupbuy_rest .badge:contains(Resting)",
        },
    ],
});
