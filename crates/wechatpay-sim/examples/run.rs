//! tmp
#[tokio::main]
async fn main() {
    let o = wechatpay_sim::SandboxOptions::new(([127, 0, 0, 1], 18555).into(), "/tmp/wp/keys");
    let s = wechatpay_sim::Sandbox::start(o).await.unwrap();
    println!("{}", s.base_url());
    std::future::pending::<()>().await;
}
