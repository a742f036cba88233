//! Closed sets of webhooks.

use async_graphql::Enum;
use sea_orm::{DeriveActiveEnum, EnumIter, Iterable};

kinds! {
    /// State of a webhook (回调状态).
    WebhookState {
        /// Events are posted (启用).
        Active,
        /// Somebody paused it (暂停): nothing is posted, and nothing is lost for a while.
        Paused,
        /// Events are posted, and the last attempts failed (投递失败中).
        Failing,
        /// It was ended by itself (已停用): `disabledBecause` tells why.
        Disabled,
    }

    /// Why a webhook was ended by itself (停用原因).
    WebhookEnd {
        /// The other side answered 410: it wants no more (对方返回 410).
        Gone,
        /// Nothing was taken for five days (连续失败五天).
        Failed,
        /// The key or its account is over (密钥或账号失效).
        RightsEnded,
        /// The document is no longer valid (订阅文档失效).
        Document,
    }

    /// What a delivery tells (投递内容).
    WebhookDeliveryKind {
        /// A change of a record (记录变更).
        Change,
        /// That something was left out (需重新同步).
        Resync,
        /// Nothing: it was asked for to try the way (测试).
        Test,
    }

    /// State of a delivery (投递状态).
    WebhookDeliveryState {
        /// It waits for its first attempt (待投递).
        Pending,
        /// It was taken (已送达).
        Delivered,
        /// It was not taken yet, and is tried again (失败待重试).
        Failed,
        /// It is not tried any more (已放弃).
        GivenUp,
        /// What it would tell may not be seen any more (已无权查看，未投递).
        Withheld,
    }

    /// Why an attempt failed (失败原因). Nothing that the other side wrote is kept.
    WebhookError {
        /// No answer within 15 seconds (超时).
        Timeout,
        /// Nobody listens there, or the connection was refused (无法连接).
        Refused,
        /// The name is not known (域名无法解析).
        Name,
        /// The certificate is not good, or TLS failed otherwise (TLS 失败).
        Tls,
        /// The address is not one that may be posted to: a private one, for example (地址不允许).
        AddressNotAllowed,
        /// The answer is another than 2xx (状态码不是 2xx).
        Status,
        /// The connection broke (连接中断).
        Broken,
        /// What is to be told is larger than 256 KiB (内容过大).
        TooLarge,
        /// Something went wrong on our side (本系统内部错误).
        Internal,
    }
}
