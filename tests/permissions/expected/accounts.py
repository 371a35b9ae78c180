"""Signing in, and somebody's own sign-in (telehealth/accounts)."""

# own = the appointment's clinician, col = colleague, rec = reception, adm = administrator
# oc/or = clinician, reception of another service; fc/fr/fa = clinician, reception, administrator of another organisation
# pat = patient, oth = other patient, car = carer, fc = former carer; gst = guest, cl = carer by link, og = other guest
# uf = unfinished, su = setting up, exp = expired, ano = anonymous

ROUTES = """
#                                                   own col rec adm, oc or, fc fr fa, pat oth car fc, gst cl og, uf su exp ano
GET  /                                              | ++++ ++ +++ ++++ +++ ++++ |
GET  /accessibility                                 | ++++ ++ +++ ++++ +++ ++++ |
GET  /privacy                                       | ++++ ++ +++ ++++ +++ ++++ |
GET  /healthz                                       | ++++ ++ +++ ++++ +++ ++++ |
GET  /readyz                                        | ++++ ++ +++ ++++ +++ ++++ |

GET  /sign-in                                       | ++++ ++ +++ ++++ +++ ++++ |
POST /sign-in                                       | ++++ ++ +++ ++++ +++ ++++ |
GET  /sign-in/second-factor                         | SSSS SS SSS SSSS SSS +SSS |
POST /sign-in/second-factor                         | SSSS SS SSS SSSS SSS +SSS | account.signed-in
POST /sign-in/passkey/options                       | ++++ ++ +++ ++++ JJJ +J+J |
GET  /sign-in/state                                 | ++++ ++ +++ ++++ +++ ++++ |
POST /sign-in/stay                                  | ++++ ++ +++ ++++ JJJ JJJJ |
GET  /sign-in/again                                 | ++++ ++ +++ ++++ SSS SS+S |
POST /sign-in/again                                 | ++++ ++ +++ ++++ SSS SS+S | account.proved-again
POST /sign-out                                      | ++++ ++ +++ ++++ +++ +++S | session.ended

GET  /welcome/<token>                               | ++++ ++ +++ ++++ +++ ++++ |
POST /welcome/<token>                               | ++++ ++ +++ ++++ +++ ++++ | account.password-set
GET  /sign-in/set-up                                | SSSS SS SSS SSSS SSS S+SS |
POST /sign-in/set-up/passkey/options                | JJJJ JJ JJJ JJJJ JJJ J+JJ |
POST /sign-in/set-up/passkey                        | SSSS SS SSS SSSS SSS S+SS | passkey.added
GET  /sign-in/set-up/app                            | SSSS SS SSS SSSS SSS S+SS |
POST /sign-in/set-up/app                            | SSSS SS SSS SSSS SSS S+SS |
POST /sign-in/set-up/app/code                       | SSSS SS SSS SSSS SSS S+SS | authenticator-app.added
GET  /sign-in/set-up/codes                          | SSSS SS SSS SSSS SSS S+SS |
POST /sign-in/set-up/codes                          | SSSS SS SSS SSSS SSS S+SS | recovery-codes.made
POST /sign-in/set-up/finish                         | SSSS SS SSS SSSS SSS S+SS | account.signed-in

GET  /account                                       | ++++ ++ +++ ++++ SSS SSSS |
GET  /account/password                              | ++++ ++ +++ ---- SSS SSSS |
POST /account/password                              | ++++ ++ +++ ---- SSS SSSS | account.password-changed
GET  /account/passkeys                              | ++++ ++ +++ ++++ SSS SSSS |
POST /account/passkeys                              | ++++ ++ +++ ++++ SSS SSSS | passkey.added
POST /account/passkeys/options                      | ++++ ++ +++ ++++ JJJ JJJJ |
GET  /account/passkeys/<uuid:passkey_id>/name       | +--- -- --- ---- SSS SSSS |
POST /account/passkeys/<uuid:passkey_id>/name       | +--- -- --- ---- SSS SSSS |
POST /account/passkeys/<uuid:passkey_id>/remove     | +--- -- --- ---- SSS SSSS | passkey.removed
GET  /account/app                                   | ++++ ++ +++ ---- SSS SSSS |
POST /account/app                                   | ++++ ++ +++ ---- SSS SSSS |
POST /account/app/code                              | ++++ ++ +++ ---- SSS SSSS | authenticator-app.added
POST /account/app/remove                            | ++++ ++ +++ ---- SSS SSSS | authenticator-app.removed
GET  /account/recovery-codes                        | ++++ ++ +++ ---- SSS SSSS |
POST /account/recovery-codes                        | ++++ ++ +++ ---- SSS SSSS | recovery-codes.made
POST /account/sessions/<uuid:session_id>/end        | +--- -- --- ---- SSS SSSS | session.ended
POST /account/sessions/end-others                   | ++++ ++ +++ ++++ SSS SSSS | session.ended

GET  /my/sign-in                                    | ++++ ++ +++ ++++ +++ ++++ |
POST /my/sign-in                                    | ++++ ++ +++ ++++ +++ ++++ | sign-in-link.sent
GET  /my/sign-in/sent                               | ++++ ++ +++ ++++ +++ ++++ |
GET  /my/sign-in/<token>                            | ++++ ++ +++ ++++ +++ ++++ |
POST /my/sign-in/<token>                            | ++++ ++ +++ ++++ +++ ++++ | account.signed-in
POST /my/sign-in/passkey/options                    | ++++ ++ +++ ++++ +++ ++++ |
POST /my/sign-in/passkey                            | ++++ ++ +++ ++++ +++ ++++ | account.signed-in
GET  /my/details/change                             | ---- -- --- ++-- PPP PPPP |
POST /my/details/change                             | ---- -- --- ++-- PPP PPPP | contact-change.requested
GET  /my/details/change/<uuid:change_id>            | ---- -- --- +--- PPP PPPP |
POST /my/details/change/<uuid:change_id>            | ---- -- --- +--- PPP PPPP | contact-change.verified
POST /my/details/change/<uuid:change_id>/code       | ---- -- --- +--- PPP PPPP | contact-change.code-sent
"""
