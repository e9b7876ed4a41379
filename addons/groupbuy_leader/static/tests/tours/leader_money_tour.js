import {queryOne} from "@odoo/hoot-dom";
import {registry} from "@web/core/registry";

/** What has been earned: its reason, the statement, and on to the bank. */
registry.category("web_tour.tours").add("groupbuy_leader_money", {
    steps: () => [
        {
            content: "Ten percent of five leeks can be paid out",
            trigger: "[name=available]:contains(/5\\.00/)",
        },
        {
            content: "Why?",
            trigger: "[name=commission] summary:first",
            run: "click",
        },
        {
            content: "It says so",
            trigger: "[name=commission] [name=reason]:visible:contains(/10/)",
        },
        {
            content: "The statement can be downloaded",
            trigger: "a[href$='.xlsx']",
            async run() {
                const {ok, status} = await fetch(queryOne("a[href$='.xlsx']").href);
                if (!ok) {
                    throw new Error(`The statement answers ${status}`);
                }
            },
        },
        {
            content: "Where to",
            trigger: ".o_groupbuy_balance a[href='/my/money/accounts']",
            run: "click",
            expectUnloadPage: true,
        },
        {trigger: "#holder", run: "edit Sample Holder"},
        {trigger: "#number", run: "edit 6222020000000000018"},
        {trigger: "#bank_name", run: "edit Sample Bank"},
        {
            content: "Add it",
            trigger: "form[action='/my/money/accounts/add'] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is there, with the end of its number",
            trigger: "[name=account]:contains(0018)",
        },
        {
            content: "Back",
            trigger: ".breadcrumb a[href='/my/money']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Withdraw",
            trigger: "a[href='/my/money/withdraw']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "All of it",
            trigger: "form[action='/my/money/withdraw/confirm'] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Yes",
            trigger: "form[action='/my/money/withdraw/request'] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is on its way",
            trigger: ".badge:contains(Requested)",
        },
    ],
});
