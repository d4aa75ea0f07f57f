"""Every name that the vendors document is known to the dialect that ships for them."""

import pytest

from tests.schemas.speaking import SHIPPED

DOCUMENTED = {
    "ga4": """
        first_visit, session_start, page_view, screen_view, ad_impression, view_promotion, select_promotion, search,
        view_search_results, view_item_list, select_content, select_item, view_item, add_to_wishlist, sign_up,
        generate_lead, qualify_lead, working_lead, add_to_cart, remove_from_cart, view_cart, begin_checkout,
        add_shipping_info, add_payment_info, purchase, close_convert_lead, login, join_group, earn_virtual_currency,
        spend_virtual_currency, share, refund, close_unconvert_lead, disqualify_lead, app_remove
    """,
    "snowplow": """
        add_to_cart, remove_from_cart, product_view, list_click, list_view, promo_click, promo_view, checkout_step,
        transaction, refund, trns_error
    """,
    "shopify": """
        page_viewed, collection_viewed, search_submitted, product_viewed, product_added_to_cart,
        product_removed_from_cart, cart_viewed, checkout_started, checkout_contact_info_submitted,
        checkout_address_info_submitted, checkout_shipping_info_submitted, payment_info_submitted,
        checkout_completed, alert_displayed, orders/paid, orders/updated, orders/cancelled
    """,
    "braze": """
        ecommerce.product_viewed, ecommerce.cart_updated, ecommerce.checkout_started, ecommerce.order_placed,
        ecommerce.order_cancelled, ecommerce.order_refunded
    """,
    "klaviyo": """
        Active on Site, Viewed Product, Added to Cart, Started Checkout, Placed Order, Fulfilled Order,
        Cancelled Order, Refunded Order, Started Subscription
    """,
}


@pytest.mark.parametrize(
    ("dialect", "name"),
    [(dialect, name.strip()) for dialect, names in DOCUMENTED.items() for name in names.split(",")],
)
def test_every_documented_name_is_a_signal(dialect: str, name: str) -> None:
    assert name in {known for _, known, _ in SHIPPED[dialect].meanings()}
